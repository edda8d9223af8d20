import { MemoryStorage } from '@zk/storage-memory';
import { MemoryTransport } from '@zk/transport-memory';
import { Cluster, Member, configOf, quickly } from './cluster.js';

describe('three servers', () => {
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster(3);
  });

  afterEach(async () => {
    await cluster.stop();
  });

  it('elect one leader, and agree on what it proposes', async () => {
    const leader = await cluster.start();
    const roles = cluster.members.map(({ peer }) => peer!.role);
    expect(roles.filter(({ role }) => role === 'leader')).toHaveLength(1);
    expect(new Set(roles.map((role) => role.leader))).toEqual(new Set([BigInt(leader.id)]));
    expect(new Set(roles.map(({ epoch }) => epoch))).toEqual(new Set([1]));

    let last = 0n;
    for (let i = 0; i < 20; i++) last = leader.create(`/n${i}`, `v${i}`);
    expect(last).toBe(0x1_0000_0014n);
    await Promise.all(cluster.members.map((member) => member.applied(last)));
    for (const member of cluster.members) {
      expect(member.data('/n19')).toBe('v19');
      expect(member.state.tree.nodeCount).toBe(leader.state.tree.nodeCount);
    }
  });

  it('go on under a new leader when the old one stops, and take it back', async () => {
    const first = await cluster.start();
    const before = first.create('/before', 'a');
    await Promise.all(cluster.members.map((member) => member.applied(before)));
    const rest = cluster.members.filter((member) => member !== first).map(({ id }) => id);
    const isOver = Promise.all(
      rest.map((id) => cluster.member(id).until(() => !cluster.member(id).peer!.role.isServing)),
    );
    await first.stop();
    await isOver;

    const second = await cluster.leader(...rest);
    expect(second.peer!.role.epoch).toBe(2);
    const after = second.create('/after', 'b');
    expect(after).toBe(0x2_0000_0001n);
    await Promise.all(rest.map((id) => cluster.member(id).applied(after)));
    expect(second.data('/before')).toBe('a');

    await first.start();
    expect(await first.serving()).toMatchObject({ role: 'follower', leader: BigInt(second.id), epoch: 2 });
    await first.applied(after);
    expect(second.syncOf(first.id)).toBe('DIFF');
    expect([first.data('/before'), first.data('/after')]).toEqual(['a', 'b']);
  });

  it('take back what only a leader that crashed had in its log', async () => {
    const old = await cluster.start();
    const agreed = old.create('/agreed');
    await Promise.all(cluster.members.map((member) => member.applied(agreed)));
    const others = cluster.members.filter((member) => member !== old);
    for (const { storage } of others) storage.holdSyncs();
    const lost = old.create('/lost');
    await old.until(() => old.peer!.status()!.peer.durable === lost.toString(16));
    for (const other of others) await other.crash();
    await old.stop();

    const ids = others.map(({ id }) => id);
    const leader = await cluster.start(...ids);
    await old.start();
    await old.serving();
    expect(leader.syncOf(old.id)).toBe('TRUNC');
    const next = leader.create('/next');
    await old.applied(next);
    expect([old.data('/agreed'), old.data('/lost'), old.data('/next')]).toEqual(['', undefined, '']);

    // And that is what its disk says, too.
    await old.stop();
    await old.start();
    await old.serving();
    expect([old.data('/lost'), old.data('/next')]).toEqual([undefined, '']);
  });

  it('give everything to one that lost its disk', async () => {
    const leader = await cluster.start();
    const lost = cluster.members.find((member) => member !== leader)!;
    const first = leader.create('/first', 'x'.repeat(100_000));
    await lost.applied(first);
    await lost.stop();
    lost.storage = new MemoryStorage();
    await lost.start();
    await lost.serving();
    const next = leader.create('/next');
    await lost.applied(next);
    expect(leader.syncOf(lost.id)).toBe('SNAP');
    expect(lost.data('/first')).toHaveLength(100_000);

    await lost.stop();
    await lost.start();
    await lost.serving();
    await lost.applied(next);
    expect([lost.data('/first')?.length, lost.data('/next')]).toEqual([100_000, '']);
    expect(leader.syncOf(lost.id)).toBe('DIFF');
  });
});

it('A learner that missed more than is kept in memory is sent what is in the log.', async () => {
  const cluster = new Cluster(3, { ...quickly, commitLogCount: 4 });
  const leader = await cluster.start();
  const late = cluster.members.find((member) => member !== leader)!;
  const first = leader.create('/first');
  await late.applied(first);
  await late.stop();
  let last = 0n;
  for (let i = 0; i < 2500; i++) last = leader.create(`/n${i}`);
  await leader.applied(last);
  await late.start();
  await late.serving();
  await late.applied(last);
  expect(leader.syncOf(late.id)).toBe('DIFF');
  expect(late.state.tree.nodeCount).toBe(leader.state.tree.nodeCount);
  await cluster.stop();
});

it('role$ tells the present role first, then each change, and completes with the server.', async () => {
  const cluster = new Cluster(1);
  const [only] = cluster.members;
  await only!.start();
  const seen: string[] = [];
  const isDone = new Promise<void>((resolve) => {
    only!.peer!.role$.subscribe({ next: (role) => seen.push(`${role.role} ${role.phase}`), complete: resolve });
  });
  await only!.serving();
  await cluster.stop();
  await isDone;
  expect(seen.at(-1)).toBe('leader broadcast');
});

it('A server that is not in the configuration does not start.', async () => {
  const stranger = new Member(9, new MemoryTransport(), configOf(3));
  await expect(stranger.start()).rejects.toThrow('server.9 is not in the configuration');
});
