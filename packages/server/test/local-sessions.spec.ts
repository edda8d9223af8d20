import { CreateMode } from '@zk/model';
import { monitorValues } from '@zk/server';
import { outcome, text } from './outcomes.js';
import { Trio } from './trio.js';

const EPHEMERAL = { flags: CreateMode.ephemeral };
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];

describe.each(['leader', 'follower'] as const)('a local session at the %s', (role) => {
  let trio: Trio;

  async function start(localSessionsUpgradingEnabled: boolean): Promise<void> {
    trio = await new Trio({ server: { localSessionsEnabled: true, localSessionsUpgradingEnabled } }).start();
  }

  const elsewhere = (): number => (role === 'leader' ? trio.follower : trio.leader);

  afterEach(() => trio.end());

  it('begins, reads, writes and ends, and no transaction tells of it', async () => {
    await start(true);
    const before = trio.server(trio.leader).lastZxid;
    const client = await trio.connect(trio[role]);
    expect(text((await client.getData('/zookeeper')).data)).toBe('');
    expect(trio.server(trio.leader).lastZxid).toBe(before);
    const writes = [client.create('/a', 'x'), client.setData('/a', 'y'), client.close()];
    await Promise.all(writes);
    expect(trio.server(trio.leader).lastZxid).toBe(before + 2n);
    expect(trio.server(trio[role]).sessions.size).toBe(0);
  });

  it('is counted where it is until all know of it', async () => {
    await start(true);
    const countsOf = (id: number): readonly unknown[] => {
      const { local_sessions: local, global_sessions: global } = monitorValues(trio.server(id).inspect());
      return [local, global];
    };
    const client = await trio.connect(trio[role]);
    await trio.connect(trio[role]);
    expect([countsOf(trio[role]), countsOf(elsewhere())]).toEqual([
      ['2', '0'],
      ['0', '0'],
    ]);
    await client.create('/e', '', EPHEMERAL);
    expect(countsOf(trio[role])).toEqual(['1', '1']);
  });

  it('cannot go elsewhere, and comes back where it was', async () => {
    await start(true);
    const client = await trio.connect(trio[role]);
    expect(await outcome(trio.move(client, elsewhere()))).toBe('SESSIONEXPIRED');
    const again = await trio.move(client, trio[role]);
    expect(again.sessionId).toBe(client.sessionId);
    expect(await outcome(client.getData('/zookeeper'))).toBe('CLOSED');
    expect(await outcome(trio.connect(trio[role], { sessionId: client.sessionId }))).toBe('SESSIONEXPIRED');
  });

  it.each([
    ['alone', (path: string) => ({ op: 'create' as const, path, data: null, acl: OPEN, flags: 0 })],
    ['in a multi', (path: string) => ({ op: 'create2' as const, path, data: null, acl: OPEN, flags: 1 })],
  ])('becomes one that all know with its first ephemeral, %s', async (_, second) => {
    await start(true);
    const client = await trio.connect(trio[role]);
    if (_ === 'alone') await client.create('/e', '', EPHEMERAL);
    await client.multi([second('/x'), ...(_ === 'alone' ? [] : [second('/e')])]);
    const again = await trio.move(client, elsewhere());
    expect((await again.exists('/e')).ephemeralOwner).toBe(client.sessionId);
    await again.close();
    const other = await trio.connect(elsewhere());
    expect(await outcome(other.exists('/e'))).toBe('NONODE');
  });

  it('is refused an ephemeral where it may not become one that all know', async () => {
    await start(false);
    const client = await trio.connect(trio[role]);
    const ephemeral = { op: 'create', path: '/e', data: null, acl: OPEN, flags: 3 } as const;
    expect(await outcome(client.create('/e', '', EPHEMERAL))).toBe('EPHEMERALONLOCALSESSION');
    expect(await outcome(client.multi([ephemeral]))).toBe('EPHEMERALONLOCALSESSION');
    expect(await outcome(client.createContainer('/c'))).toBe('OK');
    expect(await outcome(client.createTTL('/t', 1000))).toBe('OK');
  });
});
