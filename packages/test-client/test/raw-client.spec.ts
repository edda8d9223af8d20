import { operations, utf8Bytes } from '@zk/jute';
import { AddWatchMode, CreateMode, KeeperError, WatcherType } from '@zk/model';
import { ConnectionClosedError, RawClient } from '../src/index.js';
import { ADDRESS, AnsweringServer, PASSWORD, STAT } from './answering-server.js';
import { FakeTransport } from './fake-transport.js';

describe('connecting', () => {
  it('asks for a new session and keeps what the server grants', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client({ timeoutMs: 4000 });
    expect(server.connects).toEqual([
      {
        protocolVersion: 0,
        lastZxidSeen: 0n,
        timeOut: 4000,
        sessionId: 0n,
        passwd: new Uint8Array(16),
        readOnly: false,
      },
    ]);
    expect([client.sessionId, client.password, client.sessionTimeoutMs]).toEqual([0x77n, PASSWORD, 4000]);
    await client.close();
  });

  it('asks for an old session, read-only, with what it has seen', async () => {
    const server = await new AnsweringServer().start();
    const options = { sessionId: -5n, password: Uint8Array.of(1), readOnly: true, lastZxidSeen: 9n };
    const client = await server.client(options);
    expect(server.connects[0]).toMatchObject({
      sessionId: -5n,
      passwd: Uint8Array.of(1),
      readOnly: true,
      lastZxidSeen: 9n,
    });
    await client.close();
  });

  it('can leave the read-only byte out, and the password null', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client({ readOnly: 'absent', password: null });
    expect(server.connects[0]).toMatchObject({ readOnly: undefined, passwd: null });
    await client.close();
  });

  it('rejects when the server refuses the session', async () => {
    const server = await new AnsweringServer().start();
    server.err = -1;
    await expect(server.client()).rejects.toMatchObject({ name: 'SESSIONEXPIRED', code: -112 });
  });

  it('rejects when the server closes without an answer', async () => {
    const server = await new AnsweringServer().start();
    server.isMute = true;
    await expect(server.client()).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  it('rejects when nobody listens', async () => {
    await expect(RawClient.connect(new FakeTransport(), ADDRESS)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('the methods of a client', () => {
  const ACL = [{ perms: 1, scheme: 'world', id: 'anyone' }];
  const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
  const DATA = utf8Bytes('x');
  const PATH = { path: '/a' };

  it.each<[string, (client: RawClient) => Promise<unknown>, unknown, unknown, unknown]>([
    ['create', (c) => c.create('/a', 'x'), { path: '/a', data: DATA, acl: OPEN, flags: 0 }, { path: '/a' }, '/a'],
    [
      'create2',
      (c) => c.create2('/a', DATA, { flags: CreateMode.ephemeral, acl: ACL }),
      { path: '/a', data: DATA, acl: ACL, flags: 1 },
      { path: '/a', stat: STAT },
      { path: '/a', stat: STAT },
    ],
    [
      'createContainer',
      (c) => c.createContainer('/a', null, { acl: null }),
      { path: '/a', data: null, acl: null, flags: 4 },
      { path: '/a', stat: STAT },
      { path: '/a', stat: STAT },
    ],
    [
      'createTTL',
      (c) => c.createTTL('/a', 1000),
      { path: '/a', data: null, acl: OPEN, flags: 5, ttl: 1000n },
      { path: '/a', stat: STAT },
      { path: '/a', stat: STAT },
    ],
    ['delete', (c) => c.delete('/a', 3), { path: '/a', version: 3 }, undefined, undefined],
    ['exists', (c) => c.exists('/a', true), { path: '/a', watch: true }, { stat: STAT }, STAT],
    [
      'getData',
      (c) => c.getData('/a'),
      { path: '/a', watch: false },
      { data: null, stat: STAT },
      { data: null, stat: STAT },
    ],
    ['setData', (c) => c.setData('/a', 'x'), { path: '/a', data: DATA, version: -1 }, { stat: STAT }, STAT],
    ['getACL', (c) => c.getACL('/a'), PATH, { acl: ACL, stat: STAT }, { acl: ACL, stat: STAT }],
    ['setACL', (c) => c.setACL('/a', ACL, 2), { path: '/a', acl: ACL, version: 2 }, { stat: STAT }, STAT],
    ['getChildren', (c) => c.getChildren('/a'), { path: '/a', watch: false }, { children: ['b'] }, ['b']],
    [
      'getChildren2',
      (c) => c.getChildren2('/a', true),
      { path: '/a', watch: true },
      { children: ['b'], stat: STAT },
      { children: ['b'], stat: STAT },
    ],
    ['getAllChildrenNumber', (c) => c.getAllChildrenNumber('/a'), PATH, { totalNumber: 7 }, 7],
    ['getEphemerals', (c) => c.getEphemerals(), { prefixPath: null }, { ephemerals: ['/e'] }, ['/e']],
    ['sync', (c) => c.sync('/a'), PATH, { path: '/a' }, '/a'],
    [
      'multi',
      (c) => c.multi([{ op: 'check', path: '/a', version: 1 }]),
      { ops: [{ op: 'check', path: '/a', version: 1 }] },
      { results: [{ op: 'error', err: -103 }] },
      [{ op: 'error', err: -103 }],
    ],
    [
      'multiRead',
      (c) => c.multiRead([{ op: 'getChildren', path: '/a', watch: false }]),
      { ops: [{ op: 'getChildren', path: '/a', watch: false }] },
      { results: [{ op: 'getChildren', children: [] }] },
      [{ op: 'getChildren', children: [] }],
    ],
    [
      'setWatches',
      (c) => c.setWatches({ relativeZxid: 5n, dataWatches: ['/a'] }),
      { relativeZxid: 5n, dataWatches: ['/a'], existWatches: [], childWatches: [] },
      undefined,
      undefined,
    ],
    [
      'setWatches2',
      (c) => c.setWatches2({ persistentWatches: ['/a'] }),
      {
        relativeZxid: 0n,
        dataWatches: [],
        existWatches: [],
        childWatches: [],
        persistentWatches: ['/a'],
        persistentRecursiveWatches: [],
      },
      undefined,
      undefined,
    ],
    [
      'addWatch',
      (c) => c.addWatch('/a', AddWatchMode.persistentRecursive),
      { path: '/a', mode: 1 },
      { err: 0 },
      undefined,
    ],
    ['removeWatches', (c) => c.removeWatches('/a', WatcherType.any), { path: '/a', type: 3 }, undefined, undefined],
    ['checkWatches', (c) => c.checkWatches('/a', WatcherType.data), { path: '/a', type: 2 }, undefined, undefined],
    ['auth', (c) => c.auth('digest', 'x'), { type: 0, scheme: 'digest', auth: DATA }, undefined, undefined],
    [
      'whoAmI',
      (c) => c.whoAmI(),
      undefined,
      { clientInfo: [{ authScheme: 'ip', user: '::1' }] },
      [{ authScheme: 'ip', user: '::1' }],
    ],
    [
      'reconfig',
      (c) => c.reconfig({ leavingServers: '3' }),
      { joiningServers: null, leavingServers: '3', newMembers: null, curConfigId: -1n },
      { data: DATA, stat: STAT },
      { data: DATA, stat: STAT },
    ],
    ['ping', (c) => c.ping(), undefined, undefined, undefined],
  ])('include %s', async (name, act, request, response, result) => {
    const server = await new AnsweringServer().start();
    server.answers = { [name]: response };
    const client = await server.client();
    expect(await act(client)).toEqual(result);
    expect(server.asked).toEqual([{ xid: expect.any(Number) as number, name, request }]);
    await client.close();
  });

  it('reject with the error of the server, and its path', async () => {
    const server = await new AnsweringServer().start();
    const client = await server.client();
    server.err = -101;
    const failure = client.getData('/missing');
    await expect(failure).rejects.toBeInstanceOf(KeeperError);
    await expect(failure).rejects.toMatchObject({ name: 'NONODE', code: -101, path: '/missing' });
    await expect(client.sync(null)).rejects.toMatchObject({ path: undefined });
    server.err = 0;
    await client.close();
  });

  it('use the transaction ids that the protocol fixes', async () => {
    const server = await new AnsweringServer().start();
    server.answers = { sync: { path: '/' } };
    const client = await server.client();
    await Promise.all([client.ping(), client.auth('ip', null), client.setWatches({}), client.sync(), client.ping()]);
    expect(server.asked.map(({ xid, name }) => `${name} ${xid}`)).toEqual([
      'ping -2',
      'auth -4',
      'setWatches -8',
      'sync 1',
      'ping -2',
    ]);
    await client.disconnect();
  });
});

describe('the operations table', () => {
  it('has a method for everything a client may ask, save those the client sends by itself', () => {
    const methods = new Set(Object.getOwnPropertyNames(RawClient.prototype));
    const missing = Object.keys(operations).filter((name) => !methods.has(name));
    expect(missing.sort()).toEqual(['check', 'closeSession', 'deleteContainer', 'sasl']);
  });
});
