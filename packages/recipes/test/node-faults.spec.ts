import { type ZkClient, utf8 } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import { PersistentNode, ServiceDiscovery } from '../src/index.js';
import { connectTo } from './memory-rig.js';
import { eventually, freshPath } from './suite/rig.js';

const text = (value: string): Uint8Array => utf8.encode(value)!;

describe('nodes of our own when replies are lost and sessions end', () => {
  let server: TestServer;
  let client: ZkClient;
  let other: ZkClient;
  beforeEach(async () => {
    server = await createTestServer();
    [client, other] = await Promise.all([connectTo(server), connectTo(server)]);
    // So that the parent is not what the lost create makes.
    await other.create('/recipes-suite', null, { ifExists: 'keep' });
  });
  afterEach(async () => {
    await Promise.all([client.close(), other.close()]);
    await server.close();
  });

  const childrenOf = async (path: string): Promise<readonly string[]> =>
    (await other.getChildren(path, { linearizable: true })).children;

  it.each([
    ['ephemeral', false],
    ['ephemeral', true],
    ['ephemeralSequential', true],
    ['ephemeralSequential', false],
    ['persistent', false],
    ['persistent', true],
    ['persistentSequential', true],
  ] as const)('creates one node although the reply is lost: %s, protected: %s', async (mode, protection) => {
    const parent = freshPath(client, 'lost-reply');
    await other.create(parent, null);
    void server.dropNextReply('create', client);
    await using node = new PersistentNode(client, `${parent}/n`, text('d'), { mode, protection }).start();
    const path = await node.waitForInitialCreate();
    expect(await childrenOf(parent)).toEqual([path.slice(parent.length + 1)]);
    await node.close();
    await eventually(async () => (await childrenOf(parent)).length === 0);
  });

  it('creates one sequential node of each of two although a reply is lost', async () => {
    const parent = freshPath(client, 'lost-reply');
    await other.create(parent, null);
    const open = (): PersistentNode =>
      new PersistentNode(client, `${parent}/n`, text('d'), { mode: 'ephemeralSequential', protection: false }).start();
    await using first = open();
    await first.waitForInitialCreate();
    void server.dropNextReply('create', client);
    await using second = open();
    await second.waitForInitialCreate();
    expect(first.path).not.toBe(second.path);
    expect(await childrenOf(parent)).toHaveLength(2);
  });

  it('replaces what its old session left behind, before the server has ended that session', async () => {
    const path = freshPath(client, 'left-behind');
    await using own = await connectTo(server, { sessionTimeout: 300 });
    await using node = new PersistentNode(own, path, text('d')).start();
    await node.waitForInitialCreate();
    const before = own.session!;
    // Somebody keeps the session alive at the server, while its client cannot reach that and gives it up.
    const { id, password } = before;
    await using elsewhere = await connectTo(server, { sessionTimeout: '1h', session: { id, password } });
    await server.refuseConnections();
    server.cut(own);
    await eventually(() => own.state === 'lost');
    expect(node.state).toBe('absent');
    await server.acceptConnections();
    const session = await own.connected();
    await eventually(async () => (await other.exists(path))?.ephemeralOwner === session.id);
    expect(elsewhere.session!.id).toBe(before.id);
    await elsewhere.close();
    await other.sync(path);
    expect((await other.exists(path))?.ephemeralOwner).toBe(session.id);
  });

  describe.each([true, false])('leaves no node behind when it is closed (protected: %p)', (protection) => {
    it.each([
      ['while the create is on its way', () => Promise.resolve()],
      ['when the reply of the create is lost', () => eventually(() => client.state === 'suspended')],
    ])('%s', async (_when, isTime) => {
      const parent = freshPath(client, 'closing');
      await other.create(parent, null);
      const dropped = server.dropNextReply('create', client);
      const node = new PersistentNode(client, `${parent}/n`, text('d'), { protection }).start();
      await dropped;
      await isTime();
      await Promise.all([node.close(), eventually(async () => (await childrenOf(parent)).length === 0)]);
      await client.connected();
      await client.sync(parent);
      expect((await other.getChildren(parent)).stat).toMatchObject({ cversion: 2, numChildren: 0 });
    });
  });

  it('keeps data that was set while there was no connection', async () => {
    const path = freshPath(client, 'offline');
    await using node = new PersistentNode(client, path, text('1')).start();
    await node.waitForInitialCreate();
    await server.refuseConnections();
    server.cut(client);
    await eventually(() => client.state === 'suspended');
    const set = node.setData(text('2'));
    await expect(node.setData(text('3'), { timeout: 20 })).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT' });
    await server.acceptConnections();
    await set;
    await eventually(async () => utf8.decode((await other.get(path, { linearizable: true })).data) === '3');
  });

  it('writes the data although the reply of the write is lost', async () => {
    const path = freshPath(client, 'lost-set');
    await using node = new PersistentNode(client, path, text('1')).start();
    await node.waitForInitialCreate();
    void server.dropNextReply('setData', client);
    await node.setData(text('2'));
    expect(utf8.decode((await other.get(path, { linearizable: true })).data)).toBe('2');
  });

  it('registers a sequential service once although the reply is lost', async () => {
    const base = freshPath(client, 'services');
    await other.create(base, null);
    await other.create(`${base}/api`, null);
    const discovery = new ServiceDiscovery(client, base);
    void server.dropNextReply('create', client);
    await discovery.register({ name: 'api', id: 'i-', serviceType: 'DYNAMIC_SEQUENTIAL' });
    expect(await childrenOf(`${base}/api`)).toHaveLength(1);
    await discovery.close();
    expect(await childrenOf(`${base}/api`)).toHaveLength(0);
  });
});
