import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@zk/contracts';
import { FileStorage } from '@zk/storage-file';
import { MemoryStorage } from '@zk/storage-memory';
import { MemoryTransport } from '@zk/transport-memory';
import { TcpTransport } from '@zk/transport-tcp';
import { UNAWAITED_SYNC_MS } from '../src/log-syncs.js';
import { Cluster, Member, configOf, leaderOf, nextTurn, quickly, realScheduler } from './cluster.js';

/** Creates until one of these is applied at its proposer; returns its path. */
async function commitOne(members: readonly Member[], name: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const leader = members.find(({ peer }) => peer?.role.role === 'leader' && peer.role.isServing);
    if (leader === undefined) {
      await nextTurn();
      continue;
    }
    const path = `/${name}-${attempt}`;
    leader.create(path);
    const { epoch } = leader.peer!.role;
    const isGone = (): boolean => leader.peer?.role.epoch !== epoch || !leader.peer.role.isServing;
    await leader.until(() => leader.committed.has(path) || isGone());
    if (leader.committed.has(path)) return path;
  }
}

describe('an ensemble', () => {
  it.each([3, 11, 4711])('keeps what it committed through broken connections (%d)', async (seed) => {
    let state = seed;
    const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const transport = new MemoryTransport({ chunking: { random: { next }, maxBytes: 200 } });
    const cluster = new Cluster(3, quickly, transport);
    await cluster.start();
    const committed: string[] = [];
    for (let round = 0; round < 8; round++) {
      committed.push(await commitOne(cluster.members, `round${round}`));
      for (let turn = Math.floor(next() * 20); turn > 0; turn--) await nextTurn();
      const ports = [2181, 2182, 2183, 3181, 3182, 3183];
      transport.cut(next() < 0.3 ? undefined : ports[Math.floor(next() * ports.length)]);
    }
    const last = await commitOne(cluster.members, 'last');
    for (const member of cluster.members) {
      await member.until(() => member.data(last) !== undefined);
      expect(committed.filter((path) => member.data(path) === undefined)).toEqual([]);
    }
    await cluster.stop();
  });

  it('keeps what it committed when each server in turn loses its memory', async () => {
    const cluster = new Cluster(3);
    await cluster.start();
    const committed: string[] = [];
    for (let round = 0; round < 6; round++) {
      committed.push(await commitOne(cluster.members, `round${round}`));
      const member = cluster.members[round % 3]!;
      await member.crash();
      committed.push(await commitOne(cluster.members, `without${round}`));
      await member.start();
    }
    const last = await commitOne(cluster.members, 'last');
    for (const member of cluster.members) {
      await member.until(() => member.data(last) !== undefined);
      expect(committed.filter((path) => member.data(path) === undefined)).toEqual([]);
    }
    await cluster.stop();
  });

  it('goes on while the disk of a follower is full, which comes back when there is space', async () => {
    const cluster = new Cluster(3, { ...quickly, diskRetryMs: 50 });
    const leader = await cluster.start();
    const full = cluster.members.find((member) => member !== leader)!;
    const before = await commitOne(cluster.members, 'before');
    await full.until(() => full.data(before) !== undefined);
    full.storage.failWrites(new Error('no space left'));
    const during = await commitOne(cluster.members, 'during');
    await full.until(() => !full.peer!.role.isServing);
    full.storage.allowWrites();
    await full.until(() => full.peer!.role.isServing && full.data(during) !== undefined);
    expect(full.peer!.role.role).toBe('follower');
    await cluster.stop();
  });

  it('a server whose disk lost a sync stops, and says so', async () => {
    const cluster = new Cluster(3);
    const leader = await cluster.start();
    const dying = cluster.members.find((member) => member !== leader)!;
    dying.storage.failNextSync(new Error('input/output error'));
    const path = await commitOne(cluster.members, 'path');
    await dying.until(() => dying.events.some(({ kind }) => kind === 'halt'));
    expect(leader.data(path)).toBe('');
    await cluster.stop();
  });

  it('of one server that is left serves nobody', async () => {
    const cluster = new Cluster(3);
    const leader = await cluster.start();
    const others = cluster.members.filter((member) => member !== leader);
    for (const other of others) await other.stop();
    await leader.until(() => !leader.peer!.role.isServing);
    expect(leader.peer!.propose(leader.peer!.role.isServing ? 1n : 2n, new Uint8Array(0))).toBe(false);
    await others[0]!.start();
    await Promise.all([leader.serving(), others[0]!.serving()]);
    await cluster.stop();
  });

  it('has an observer that hears everything and counts for nothing', async () => {
    const transport = new MemoryTransport();
    const config = configOf(3, [3]);
    const members = [1, 2, 3].map((id) => new Member(id, transport, config));
    await Promise.all(members.map((member) => member.start()));
    await Promise.all(members.map((member) => member.serving()));
    expect(members[2]!.peer!.role.role).toBe('observer');
    const path = await commitOne(members, 'seen');
    await members[2]!.until(() => members[2]!.data(path) !== undefined);
    const follower = members.slice(0, 2).find(({ peer }) => peer!.role.role === 'follower')!;
    await follower.stop();
    await members[2]!.until(() => !members[2]!.peer!.role.isServing);
    await Promise.all(members.map((member) => member.stop()));
  });

  it('has an observer whose clients see what its disk gets a while later', async () => {
    const transport = new MemoryTransport();
    const members = [1, 2, 3].map((id) => new Member(id, transport, configOf(3, [3])));
    const observer = members[2]!;
    await Promise.all(members.map((member) => member.start()));
    await Promise.all(members.map((member) => member.serving()));
    const { after } = realScheduler;
    const syncs: (() => void)[] = [];
    const holding = jest.spyOn(realScheduler, 'after').mockImplementation((delayMs, callback) => {
      if (delayMs !== UNAWAITED_SYNC_MS) return after(delayMs, callback);
      syncs.push(callback);
      return { cancel: () => undefined };
    });
    const path = await commitOne(members, 'seen');
    await observer.until(() => observer.data(path) !== undefined);
    for (let turns = 0; turns < 10; turns++) await nextTurn();
    const progress = () => observer.peer!.status()!.peer;
    expect(progress().durable).not.toBe(progress().applied);

    syncs.forEach((sync) => sync());
    await observer.until(() => progress().durable === progress().applied);
    holding.mockRestore();
    await Promise.all(members.map((member) => member.stop()));
  });

  it('is the same over TCP and files, through a restart of all', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'zk-ensemble-'));
    const transport = new TcpTransport({});
    // Ports that are free now; nobody else takes them in the meantime, as a rule of the platform.
    const listeners = await Promise.all(
      Array.from({ length: 6 }, () => transport.listen({ host: '127.0.0.1', port: 0 }, () => undefined)),
    );
    const ports = listeners.map(({ port }) => port);
    await Promise.all(listeners.map((listener) => listener.close()));
    const config = configOf(3, [], (id) => [ports[id - 1]!, ports[id + 2]!]);
    const members = [1, 2, 3].map((id) => new Member(id, transport, config, new MemoryStorage()));
    let path: string | undefined;
    for (let lives = 1; lives <= 2; lives++) {
      for (const member of members) {
        const dataDir = join(folder, String(member.id));
        await member.start(new FileStorage({ dataDir, logger: silentLogger }));
      }
      const leader = await leaderOf(members);
      expect(leader.peer!.role.epoch).toBe(lives);
      for (const member of members) if (path !== undefined) expect(member.data(path)).toBe('');
      path = await commitOne(members, `life${lives}`);
      const wanted = path;
      for (const member of members) await member.until(() => member.data(wanted) !== undefined);
      await Promise.all(members.map((member) => member.stop()));
    }
    await rm(folder, { recursive: true });
  });
});
