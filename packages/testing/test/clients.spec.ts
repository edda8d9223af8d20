import type { ConnectionState, ZkClient } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import { first, firstValueFrom } from 'rxjs';

const statesOf = (client: ZkClient): ConnectionState[] => {
  const states: ConnectionState[] = [];
  client.state$.subscribe((state) => states.push(state));
  return states;
};

describe.each([
  ['in memory', {}],
  ['over TCP', { tcp: true }],
])('a client of a test server %s', (_, options) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await createTestServer(options);
  });

  afterEach(() => server.close());

  it('is connected, below its chroot, and closed with the server', async () => {
    const client = await server.connect({ chroot: '/app' });
    const created = await client.create('/node', null, { parents: 'persistent' });
    expect(created.path).toBe('/node');
    const other = await server.connect();
    expect(await other.exists('/app/node')).not.toBeNull();
    await server.close();
    expect([client.state, other.state]).toEqual(['closed', 'closed']);
  });

  it('survives a cut connection with its session', async () => {
    const client = await server.connect();
    const states = statesOf(client);
    const { id } = client.session!;
    expect(server.cut(client)).toBe(1);
    await client.exists('/');
    expect(client.session!.id).toBe(id);
    expect(states).toEqual(['connected', 'suspended', 'reconnected']);
  });

  it('learns that a server has expired its session', async () => {
    const client = await server.connect();
    const states = statesOf(client);
    const { signal } = client.session!;
    const lost = firstValueFrom(client.state$.pipe(first((state) => state === 'lost')));
    await server.expireSession(client);
    await lost;
    await client.connected();
    expect(signal.aborted).toBe(true);
    expect(states).toEqual(['connected', 'suspended', 'lost', 'connected']);
  });

  it('is told that a create may have been applied when its reply is dropped', async () => {
    const client = await server.connect();
    const dropped = server.dropNextReply('create', client);
    await expect(client.create('/app')).rejects.toMatchObject({ name: 'CONNECTIONLOSS', maybeApplied: true });
    await dropped;
    expect(await client.exists('/app')).not.toBeNull();
  });

  it('comes back after a restart of the server', async () => {
    const client = await server.connect({ sessionTimeout: '30s' });
    await client.create('/app', null, { mode: 'ephemeral' });
    await server.restart();
    expect((await client.exists('/app'))?.ephemeralOwner).toBe(client.session!.id);
  });
});

describe('a client in virtual time', () => {
  it('keeps its session by pings, for hours that take no time', async () => {
    await using server = await createTestServer({ clock: 'virtual' });
    const client = await server.connect({ sessionTimeout: '30s' });
    const { id } = client.session!;
    await server.advance('10m');
    expect([client.state, client.session!.id, server.sessionIds]).toEqual(['connected', id, [id]]);
  });

  it('loses it by its own clock when it hears nothing, before any server can give it away', async () => {
    await using server = await createTestServer({ clock: 'virtual' });
    const client = await server.connect({ sessionTimeout: '30s' });
    const states = statesOf(client);
    const { signal, deadlineMs } = client.session!;
    server.stall();
    await server.advance('29s');
    expect([signal.aborted, server.sessionIds.length]).toEqual([false, 1]);
    await server.advance('1s');
    expect([signal.aborted, server.sessionIds.length]).toEqual([true, 1]);
    expect(server.runtime.clock.monotonicMs()).toBeGreaterThanOrEqual(deadlineMs);
    expect(states).toContain('lost');
  });

  it.each([
    ['a stalled connection is left for another', 'stall', 'reconnected'],
    ['a partitioned client does not come back', 'partition', 'suspended'],
  ] as const)('%s', async (_, fault, state) => {
    await using server = await createTestServer({ clock: 'virtual' });
    const client = await server.connect({ sessionTimeout: '30s' });
    const { id } = client.session!;
    server[fault](client);
    await server.advance('29s');
    expect([client.state, client.session?.id]).toEqual([state, id]);
    server.release(client);
    await server.advance('900ms');
    expect(client.session?.id).toBe(id);
  });

  it('knows without a timer, after its machine has slept, that it may have been expired', async () => {
    await using server = await createTestServer({ clock: 'virtual' });
    const client = await server.connect({ sessionTimeout: '10s' });
    const session = client.session!;
    server.time!.jump('11s');
    expect([session.signal.aborted, session.isAlive()]).toEqual([false, false]);
    await server.advance(0);
    expect(session.signal.aborted).toBe(true);
  });

  it('waits for its time when the server does not answer', async () => {
    await using server = await createTestServer({ clock: 'virtual' });
    const client = await server.connect();
    server.pause();
    const reply = client.get('/', { timeout: '3s' });
    const outcome = expect(reply).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT', maybeApplied: false });
    await server.advance('3s');
    await outcome;
  });

  it('goes over to another address, with its session', async () => {
    await using server = await createTestServer({ clock: 'virtual', addresses: 2 });
    const client = await server.connect({ shuffle: false });
    const { id } = client.session!;
    await server.refuseConnections(server.ports[0]);
    expect(server.cut({ port: server.ports[0]! })).toBe(1);
    await server.advance('5s');
    expect([client.state, client.session!.id]).toEqual(['reconnected', id]);
    expect(server.cut({ port: server.ports[1]! })).toBe(1);
  });
});
