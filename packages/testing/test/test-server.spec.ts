import { CreateMode } from '@zk/model';
import { RawClient } from '@zk/test-client';
import { type TestServer, createTestServer } from '@zk/testing';

describe.each([
  ['in memory', { tcp: false }],
  ['over TCP', { tcp: true }],
])('a test server %s', (_, options) => {
  let server: TestServer;
  let clients: RawClient[] = [];

  const connect = async (extra: { sessionId?: bigint; password?: Uint8Array } = {}): Promise<RawClient> => {
    const [host, port] = server.connectionString.split(':') as [string, string];
    const client = await RawClient.connect(server.transport, { host, port: Number(port), timeoutMs: 10_000, ...extra });
    clients.push(client);
    return client;
  };

  beforeEach(async () => {
    server = await createTestServer(options);
  });

  afterEach(async () => {
    await server.close();
    for (const client of clients) await client.disconnect();
    clients = [];
  });

  it('answers', async () => {
    const client = await connect();
    expect(await client.create('/app', 'hello')).toBe('/app');
  });

  it('applies a create whose reply it drops, and breaks the connection', async () => {
    const [client, other] = [await connect(), await connect()];
    const dropped = server.dropNextReply('create', client.sessionId);
    await other.create('/other');
    const before = client.getData('/other');
    await expect(client.create('/app')).rejects.toThrow('no reply came');
    await dropped;
    await before;
    expect((await other.exists('/app')).version).toBe(0);
    const again = await connect({ sessionId: client.sessionId, password: client.password });
    expect(again.sessionId).toBe(client.sessionId);
  });

  it('drops a request: it is not applied, and looks the same to the client', async () => {
    const [client, other] = [await connect(), await connect()];
    const dropped = server.dropNextRequest('create', client.sessionId);
    await expect(client.create('/app')).rejects.toThrow('no reply came');
    await dropped;
    await expect(other.exists('/app')).rejects.toMatchObject({ name: 'NONODE' });
  });

  it('expires a session: its ephemerals go, and it cannot be attached to any more', async () => {
    const [client, other] = [await connect(), await connect()];
    await client.create('/e', null, { flags: CreateMode.ephemeral });
    await server.expireSession(client.sessionId);
    await client.closed;
    await expect(other.exists('/e')).rejects.toMatchObject({ name: 'NONODE' });
    await expect(connect({ sessionId: client.sessionId, password: client.password })).rejects.toMatchObject({
      name: 'SESSIONEXPIRED',
    });
    await expect(server.expireSession(client.sessionId)).rejects.toThrow('has no session');
  });

  it('cuts the connections of one session, or all', async () => {
    const [client, other] = [await connect(), await connect()];
    expect(server.cut({ session: { id: client.sessionId } })).toBe(1);
    await client.closed;
    await other.ping();
    expect(server.cut()).toBe(1);
    await other.closed;
  });

  it.each(['both', 'toServer', 'toClient'] as const)('stalls (%s) and releases without loss', async (direction) => {
    const [client, other] = [await connect(), await connect()];
    server.stall(client.sessionId, direction);
    const pending = client.create('/app', 'x'.repeat(300_000));
    for (let i = 0; i < 20; i++) await other.ping();
    expect(client.inFlight).toBe(1);
    const isApplied = await other.exists('/app').then(
      () => true,
      () => false,
    );
    expect(isApplied).toBe(direction === 'toClient');
    server.release(client.sessionId);
    expect(await pending).toBe('/app');
  });

  it('does not tell a half-open end that the other is gone', async () => {
    const [client, other] = [await connect(), await connect()];
    server.stall(client.sessionId);
    await server.expireSession(client.sessionId);
    for (let i = 0; i < 20; i++) await other.ping();
    expect(client.isClosed).toBe(false);
    server.release();
    await client.closed;
  });

  it('stalls from one reply on', async () => {
    const client = await connect();
    const stalled = server.stallAtNextReply('setData');
    const replies: string[] = [];
    const requests = [
      client.create('/app').then(() => replies.push('create')),
      client.setData('/app', 'x').then(() => replies.push('setData')),
      client.getData('/app').then(() => replies.push('getData')),
    ];
    await stalled;
    await requests[0];
    expect(replies).toEqual(['create']);
    server.release();
    await Promise.all(requests);
    expect(replies.sort()).toEqual(['create', 'getData', 'setData']);
  });

  it('refuses connections, and accepts them again at the same address', async () => {
    const client = await connect();
    await server.refuseConnections();
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await client.ping();
    await server.acceptConnections();
    await (await connect()).ping();
  });

  it('listens at several addresses, each with faults of its own', async () => {
    await using several = await createTestServer({ ...options, addresses: 3 });
    expect(several.connectionString.split(',')).toHaveLength(3);
    const all = await Promise.all(
      several.ports.map((port) => RawClient.connect(several.transport, { host: '127.0.0.1', port })),
    );
    const [first, second, third] = all as [RawClient, RawClient, RawClient];
    await second.create('/seen-by-all');
    await first.exists('/seen-by-all');
    expect(several.cut({ port: several.ports[1]! })).toBe(1);
    await second.closed;
    await several.refuseConnections(several.ports[0]);
    const address = { host: '127.0.0.1', port: several.ports[0]! };
    await expect(RawClient.connect(several.transport, address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await third.ping();
    await several.acceptConnections(several.ports[0]);
    await several.restart();
    await (await RawClient.connect(several.transport, address)).ping();
  });

  it('does nothing while it is paused, and goes on', async () => {
    const client = await connect();
    server.pause();
    const reply = client.create('/app');
    const connecting = connect();
    // A whole conversation with a server that is not paused takes longer than any answer of this one would.
    await using other = await createTestServer(options);
    const [host, port] = other.connectionString.split(':') as [string, string];
    const witness = await RawClient.connect(other.transport, { host, port: Number(port) });
    for (const path of ['/a', '/b', '/c']) await witness.create(path);
    await witness.disconnect();
    expect(client.inFlight).toBe(1);
    server.resume();
    expect(await reply).toBe('/app');
    await (await connecting).ping();
  });

  it('keeps data, sessions and its address over a restart', async () => {
    const client = await connect();
    await client.create('/app');
    const address = server.connectionString;
    await server.restart();
    await client.closed;
    expect(server.connectionString).toBe(address);
    const again = await connect({ sessionId: client.sessionId, password: client.password });
    expect((await again.exists('/app')).version).toBe(0);
  });

  it('shows the requests that it gets', async () => {
    const client = await connect();
    const seen: unknown[] = [];
    server.requests$.subscribe(({ kind, sessionId }) => seen.push([kind, sessionId]));
    await client.create2('/app');
    await client.getChildren2('/');
    await client.ping();
    const { sessionId } = client;
    expect(seen).toEqual([
      ['create', sessionId],
      ['getChildren', sessionId],
      ['ping', sessionId],
    ]);
  });
});

describe('a test server in virtual time', () => {
  it('expires sessions when it is told that time has passed, and not before', async () => {
    await using server = await createTestServer({ clock: 'virtual' });
    const client = await RawClient.connect(server.transport, { host: '127.0.0.1', port: 2181, timeoutMs: 30_000 });
    await server.advance('29s');
    expect(client.isClosed).toBe(false);
    await client.ping();
    await server.advance('29s');
    expect(client.isClosed).toBe(false);
    await server.advance('2s');
    expect(client.isClosed).toBe(true);
    expect(server.sessionIds).toEqual([]);
  });

  it('expires no session while it is paused, but then those whose time is over', async () => {
    await using server = await createTestServer({ clock: 'virtual' });
    const client = await RawClient.connect(server.transport, { host: '127.0.0.1', port: 2181, timeoutMs: 30_000 });
    server.pause();
    await server.advance('1h');
    expect(server.sessionIds).toEqual([client.sessionId]);
    server.resume();
    await server.advance('1s');
    expect(server.sessionIds).toEqual([]);
  });

  it('is refused over TCP, and time that is real cannot be advanced', async () => {
    await expect(createTestServer({ tcp: true, clock: 'virtual' })).rejects.toThrow('leave tcp out');
    await using server = await createTestServer();
    await expect(server.advance(1)).rejects.toThrow("clock: 'virtual'");
  });
});
