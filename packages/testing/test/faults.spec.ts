import { RawClient } from '@zk/test-client';
import { FaultyTransport, type TestServer, createTestServer, seededRandom } from '@zk/testing';
import { MemoryTransport } from '@zk/transport-memory';

describe('FaultyTransport around the transport of a client', () => {
  let server: TestServer;
  let faults: FaultyTransport;
  let client: RawClient;

  const connect = (): Promise<RawClient> =>
    RawClient.connect(faults, { host: '127.0.0.1', port: server.ports[0]!, timeoutMs: 10_000 });

  beforeEach(async () => {
    server = await createTestServer();
    faults = new FaultyTransport(server.transport);
    client = await connect();
  });

  afterEach(async () => {
    faults.close();
    await client.closed;
    await server.close();
  });

  it('loses a reply, or a request', async () => {
    const other = await connect();
    void faults.dropNextReply('create', client.sessionId);
    await expect(client.create('/done')).rejects.toThrow('no reply came');
    client = await connect();
    void faults.dropNextRequest('create', client.sessionId);
    await expect(client.create('/not-done')).rejects.toThrow('no reply came');
    expect((await other.exists('/done')).version).toBe(0);
    await expect(other.exists('/not-done')).rejects.toMatchObject({ name: 'NONODE' });
  });

  it('loses the answer to the handshake: the session exists, and nobody knows it', async () => {
    const before = server.sessionIds.length;
    const dropped = faults.dropNextReply('connect');
    await expect(connect()).rejects.toThrow();
    await dropped;
    expect(server.sessionIds).toHaveLength(before + 1);
  });

  it('leaves alone what another kind of request or another session asks', async () => {
    const other = await connect();
    void faults.dropNextReply('setData', client.sessionId);
    await client.create('/app');
    await other.setData('/app', 'theirs');
    await expect(client.setData('/app', 'mine')).rejects.toThrow('no reply came');
    await other.setData('/app', 'theirs again');
  });

  it('takes back a fault that has not happened', async () => {
    void faults.dropNextReply('any', client.sessionId);
    faults.disarm();
    expect(await client.create('/app')).toBe('/app');
  });

  it('stalls one way only, and what is ended meanwhile is ended for this end alone', async () => {
    faults.stall(client.sessionId, 'toServer');
    const lost = client.create('/app').catch((error: Error) => error.message);
    await client.disconnect();
    expect(await lost).toContain('no reply came');
    expect([faults.connectionCount, server.faults.connectionCount]).toEqual([1, 1]);
    faults.release();
    await server.connect().then((observer) => observer.exists('/app'));
    expect([faults.connectionCount, server.faults.connectionCount]).toEqual([0, 1]);
  });

  it('stalls from one request on, and lets what was written before through', async () => {
    const stalled = faults.stallAtNextRequest('setData');
    const created = client.create('/app');
    const set = client.setData('/app', 'x'.repeat(100_000));
    await Promise.all([stalled, created]);
    const observer = await server.connect();
    expect((await observer.exists('/app'))?.version).toBe(0);
    faults.release();
    expect((await set).version).toBe(1);
  });

  it('refuses to dial, also while a server listens', async () => {
    await faults.refuseConnections();
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await faults.acceptConnections();
    await (await connect()).ping();
  });
});

describe('FaultyTransport on a network that cuts everything to pieces', () => {
  it.each([1, 2, 3, 4, 5])('finds the frame it is to lose (seed %i)', async (seed) => {
    const network = new MemoryTransport({ chunking: { random: seededRandom(seed), maxBytes: 7 } });
    await using server = await createTestServer({ network });
    const [client, observer] = [await server.connect(), await server.connect()];
    await client.create('/app', new Uint8Array(300));
    const reads = Promise.all([client.get('/app'), client.get('/app')]);
    void server.dropNextReply('setData', client);
    const write = client.set('/app', new Uint8Array(400));
    await expect(write).rejects.toMatchObject({ name: 'CONNECTIONLOSS', maybeApplied: true });
    expect((await reads).map(({ data }) => data.length)).toEqual([300, 300]);
    expect((await observer.get('/app')).data.length).toBe(400);

    void server.dropNextRequest('delete', client);
    await expect(client.delete('/app')).rejects.toMatchObject({ name: 'CONNECTIONLOSS', maybeApplied: true });
    expect(await observer.exists('/app')).not.toBeNull();
  });
});
