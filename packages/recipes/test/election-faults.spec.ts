import type { ZkClient } from '@zk/client-api';
import { LeaderElection, LeaderLatch, type Term } from '../src/index.js';
import { aborted } from './suite/rig.js';
import { SESSION_MS, a, b, pass, server, until, useVirtualRig, wayOfA, wayOfB } from './virtual-rig.js';

const PATH = '/leader';

useVirtualRig();

it.each(['session', 'connection'] as const)('has never two leaders, policy %s', async (loss) => {
  const current = new Map<string, Term>();
  const tokens: bigint[] = [];
  const stop = new AbortController();
  const lead = async (name: string, client: ZkClient): Promise<void> => {
    for await (const term of new LeaderElection(client, PATH, { id: name, loss }).terms({ signal: stop.signal })) {
      current.set(name, term);
      tokens.push(term.token);
      await aborted(term.signal);
    }
  };
  const loops = [lead('a', a), lead('b', b)];
  for (let round = 0; round < 12; round++) {
    const way = current.get('a')?.isHeld === true ? wayOfA : wayOfB;
    if (round % 4 === 3) way.cut();
    else way.stall(undefined, round % 2 === 0 ? 'toClient' : 'both');
    for (let ms = 0; ms < SESSION_MS * 1.5; ms += 100) {
      await server.advance(100);
      expect([...current.values()].filter((term) => term.isHeld).length).toBeLessThanOrEqual(1);
    }
    way.release();
    await server.advance(SESSION_MS / 2);
  }
  stop.abort();
  // Those whose term is still on end it themselves.
  for (const term of current.values()) await pass(term.release());
  await pass(Promise.all(loops));
  expect(tokens).toEqual([...tokens].sort((x, y) => Number(x - y)));
  expect(new Set(tokens).size).toBeGreaterThan(3);
});

it('stands again after its node has vanished while it was suspended (CURATOR-724)', async () => {
  await using latch = new LeaderLatch(a, PATH).start();
  const term = await pass(latch.leadership());
  await server.refuseConnections();
  server.cut(a);
  await until(() => a.state === 'suspended');
  expect(latch.hasLeadership).toBe(false);
  await server.acceptConnections();
  await pass(b.connected());
  await pass(b.delete(PATH, { recursive: true }));
  const again = await pass(latch.leadership());
  expect(again.path).not.toBe(term.path);
  expect(again.token > term.token).toBe(true);
});

it('that is refused for good says why to who waits, and that it does not lead to who asks', async () => {
  await pass(b.create(PATH, null, { acl: [{ perms: 1, scheme: 'world', id: 'anyone' }] }));
  await using latch = new LeaderLatch(a, PATH).start();
  await expect(pass(latch.leadership())).rejects.toMatchObject({ name: 'NOAUTH' });
  expect([latch.hasLeadership, latch.term]).toEqual([false, undefined]);
});

it('stands again when its node is deleted under it', async () => {
  await using latch = new LeaderLatch(a, PATH).start();
  const term = await pass(latch.leadership());
  await pass(b.delete(term.path));
  expect(await aborted(term.signal)).toMatchObject({ reason: 'nodeDeleted' });
  const again = await pass(latch.leadership());
  expect(again.token > term.token).toBe(true);
});

it('claims no leadership by a node of the session before (CURATOR-696)', async () => {
  await using latch = new LeaderLatch(a, PATH, { loss: 'session' }).start();
  const term = await pass(latch.leadership());
  await using rival = new LeaderLatch(b, PATH).start();
  await until(async () => (await pass(b.getChildren(PATH))).children.length === 2);
  // The client takes its session for lost before the server does: the old node stands there for a while yet.
  wayOfA.stall(undefined, 'toClient');
  await until(() => term.signal.aborted);
  expect(await pass(b.exists(term.path))).not.toBeNull();
  wayOfA.release();
  const next = await pass(rival.leadership());
  expect(next.token > term.token).toBe(true);
  for (let ms = 0; ms < SESSION_MS * 2; ms += 50) {
    await server.advance(50);
    expect(latch.hasLeadership && rival.hasLeadership).toBe(false);
  }
});
