import { AddWatchMode, CreateMode, EventType, KeeperError, OpCode, WatcherType, Xid, hex64 } from '@zk/model';
import type { OperationName, OperationTypes } from '@zk/jute';
import {
  RecordReader,
  RecordWriter,
  operationOf,
  operations,
  readConnectRequest,
  readRequestHeader,
  utf8Bytes,
  writeConnectResponse,
  writeReplyHeader,
  writeWatcherEvent,
} from '@zk/jute';
import type { ConnectOptions } from '../src/index.js';
import { ConnectionClosedError, RawClient, fourLetterWord } from '../src/index.js';
import type { FakePeer } from './fake-server.js';
import { listenForFrames } from './fake-server.js';
import { FakeTransport } from './fake-transport.js';

const ADDRESS = { host: 'fake', port: 1 };
const PASSWORD = Uint8Array.from({ length: 16 }, (_, i) => i);
const STAT = {
  czxid: 1n,
  mzxid: 2n,
  ctime: 3n,
  mtime: 4n,
  version: 5,
  cversion: 6,
  aversion: 7,
  ephemeralOwner: 0n,
  dataLength: 1,
  numChildren: 0,
  pzxid: 1n,
};

type Answers = { [N in OperationName]?: OperationTypes[N]['response'] };

/** A server that grants every session and gives fixed answers; what it was asked is kept. */
class FakeServer {
  readonly transport = new FakeTransport();
  readonly asked: { xid: number; name: string; request: unknown }[] = [];
  readonly connects: ReturnType<typeof readConnectRequest>[] = [];
  answers: Answers = {};
  err = 0;
  zxid = 0x10n;
  isMute = false;
  last!: FakePeer;

  async start(): Promise<this> {
    await listenForFrames(this.transport, (peer, payload, index) => {
      this.last = peer;
      if (index === 0) this.connect(peer, payload);
      else this.request(peer, payload);
    });
    return this;
  }

  connect(peer: FakePeer, payload: Uint8Array): void {
    const request = readConnectRequest(new RecordReader(payload));
    this.connects.push({ ...request, passwd: request.passwd && request.passwd.slice() });
    if (this.isMute) return peer.connection.destroy();
    const timeOut = this.err === 0 ? request.timeOut : 0;
    const writer = new RecordWriter();
    writeConnectResponse(writer, { protocolVersion: 0, timeOut, sessionId: 0x77n, passwd: PASSWORD, readOnly: false });
    peer.send(writer.view());
  }

  request(peer: FakePeer, payload: Uint8Array): void {
    const reader = new RecordReader(payload);
    const { xid, type } = readRequestHeader(reader);
    const operation = operationOf(type)!;
    this.asked.push({ xid, name: operation.name, request: operation.readRequest(reader) });
    if (this.isMute) return;
    const writer = new RecordWriter();
    writeReplyHeader(writer, { xid, zxid: this.zxid, err: this.err });
    if (this.err === 0) operation.writeResponse(writer, this.answers[operation.name as OperationName]);
    peer.send(writer.view());
    if (type === OpCode.closeSession) peer.connection.end();
  }

  pushEvent(type: number, path: string, zxid = 0x20n): void {
    const writer = new RecordWriter();
    writeReplyHeader(writer, { xid: Xid.notification, zxid, err: 0 });
    writeWatcherEvent(writer, { type, state: 3, path });
    this.last.send(writer.view());
  }

  client(options: Partial<ConnectOptions> = {}): Promise<RawClient> {
    return RawClient.connect(this.transport, { ...ADDRESS, ...options });
  }
}

describe('connecting', () => {
  it('asks for a new session and keeps what the server grants', async () => {
    const server = await new FakeServer().start();
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
    const server = await new FakeServer().start();
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
    const server = await new FakeServer().start();
    const client = await server.client({ readOnly: 'absent', password: null });
    expect(server.connects[0]).toMatchObject({ readOnly: undefined, passwd: null });
    await client.close();
  });

  it('rejects when the server refuses the session', async () => {
    const server = await new FakeServer().start();
    server.err = -1;
    await expect(server.client()).rejects.toMatchObject({ name: 'SESSIONEXPIRED', code: -112 });
  });

  it('rejects when the server closes without an answer', async () => {
    const server = await new FakeServer().start();
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
    const server = await new FakeServer().start();
    server.answers = { [name]: response };
    const client = await server.client();
    expect(await act(client)).toEqual(result);
    expect(server.asked).toEqual([{ xid: expect.any(Number) as number, name, request }]);
    await client.close();
  });

  it('reject with the error of the server, and its path', async () => {
    const server = await new FakeServer().start();
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
    const server = await new FakeServer().start();
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

describe('requests and replies', () => {
  it('are matched by transaction id when many are in flight', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    server.isMute = true;
    const replies = [client.request(OpCode.ping, undefined, 7), client.request(OpCode.ping, undefined, 8)];
    const second = client.request(OpCode.ping, undefined, 7);
    expect(client.inFlight).toBe(3);
    const answer = (xid: number, zxid: bigint): void => {
      const writer = new RecordWriter();
      writeReplyHeader(writer, { xid, zxid, err: 0 });
      server.last.send(writer.view());
    };
    answer(8, 1n);
    answer(7, 2n);
    answer(7, 3n);
    expect((await Promise.all([...replies, second])).map((reply) => reply.zxid)).toEqual([2n, 1n, 3n]);
    expect(client.inFlight).toBe(0);
    await client.disconnect();
  });

  it('give everything there is, error codes too, without throwing', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    server.err = -6;
    server.zxid = -1n;
    expect(await client.request(OpCode.check, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0))).toEqual({
      xid: 1,
      zxid: -1n,
      err: -6,
      body: new Uint8Array(),
    });
    await client.disconnect();
  });

  it('move the last zxid seen only when they are ordinary', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    await client.ping();
    expect(hex64(client.lastZxid)).toBe('0');
    await client.request(OpCode.ping, undefined, 5);
    expect(hex64(client.lastZxid)).toBe('10');
    server.zxid = 0x5n;
    await client.request(OpCode.ping, undefined, 6);
    expect(hex64(client.lastZxid)).toBe('10');
    await client.disconnect();
  });

  it('that nobody waits for are kept aside', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    server.last.send(Uint8Array.of(1));
    server.last.send(new Uint8Array(16));
    await client.ping();
    expect(client.unexpectedFrames.map((frame) => frame.length)).toEqual([1, 16]);
    await client.disconnect();
  });

  it('may be bytes that make no frame', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    const bytes = Uint8Array.of(0, 0, 0, 8, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 11);
    client.sendRaw(bytes.subarray(0, 7));
    client.sendRaw(bytes.subarray(7));
    await client.ping();
    expect(server.asked.map((one) => one.name)).toEqual(['ping', 'ping']);
    await client.disconnect();
  });

  it('larger than any buffer arrive whole', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    const data = new Uint8Array(20_000).fill(7);
    server.answers = { getData: { data, stat: STAT } };
    expect((await client.getData('/a')).data).toEqual(data);
    await client.disconnect();
  });
});

describe('events', () => {
  it('wait until they are taken', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    server.pushEvent(EventType.nodeCreated, '/a');
    server.pushEvent(EventType.nodeDeleted, '/b', -1n);
    await client.ping();
    expect(client.events).toHaveLength(2);
    expect(await client.nextEvent()).toEqual({ type: 1, state: 3, path: '/a', zxid: 0x20n });
    expect(client.takeEvents()).toEqual([{ type: 2, state: 3, path: '/b', zxid: -1n }]);
    expect(client.events).toEqual([]);
    await client.disconnect();
  });

  it('are given to those who wait, in order', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    const waiting = [client.nextEvent(), client.nextEvent()];
    server.pushEvent(EventType.nodeCreated, '/a');
    server.pushEvent(EventType.nodeCreated, '/b');
    expect((await Promise.all(waiting)).map((event) => event.path)).toEqual(['/a', '/b']);
    await client.disconnect();
  });
});

describe('when the connection ends', () => {
  it('everything that waits rejects, and everything that comes later too', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    server.isMute = true;
    const waiting = [client.sync(), client.ping(), client.nextEvent()];
    const outcomes = Promise.allSettled(waiting);
    (server.last.connection as unknown as { breakWith(error: Error): void }).breakWith(new Error('cable cut'));
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'ConnectionClosedError' } });
    }
    expect(await client.closed).toMatchObject({ message: 'cable cut' });
    await expect(client.sync()).rejects.toThrow('nothing was sent: cable cut');
    await expect(client.nextEvent()).rejects.toBeInstanceOf(ConnectionClosedError);
    expect(client.isClosed).toBe(true);
    await client.close();
  });

  it('closing ends the session first', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    await client.close();
    await client.close();
    expect(server.asked.map((one) => one.name)).toEqual(['closeSession']);
    expect(await client.closed).toBeUndefined();
  });

  it('disconnecting does not', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    await client.disconnect();
    expect(server.asked).toEqual([]);
  });

  it('closing succeeds when the server just hangs up', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    server.isMute = true;
    const closing = client.close();
    server.last.connection.destroy();
    await closing;
    expect(client.isClosed).toBe(true);
  });

  it('a frame of negative length ends it', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
    server.last.connection.write(bytes, 0, 4);
    expect(await client.closed).toMatchObject({ message: 'a frame of -1 bytes arrived' });
  });
});

describe('back-pressure', () => {
  it('nothing is read while reading is paused', async () => {
    const server = await new FakeServer().start();
    const client = await server.client();
    client.frames.pauseReading();
    const answered = client.ping();
    while (server.asked.length === 0) await new Promise(setImmediate);
    expect(client.inFlight).toBe(1);
    client.frames.resumeReading();
    await answered;
    await client.disconnect();
  });
});

describe('a four-letter word', () => {
  it('is answered with text until the server closes', async () => {
    const transport = new FakeTransport(3);
    await transport.listen({ port: 0 }, (connection) => {
      let word = '';
      return {
        onData: (bytes, start, end) => {
          word += String.fromCharCode(...bytes.subarray(start, end));
          if (word !== 'srvr') return;
          const text = utf8Bytes('Mode: ständig\n');
          connection.write(text, 0, text.length);
          connection.end();
        },
        onDrain: () => undefined,
        onClose: () => undefined,
      };
    });
    expect(await fourLetterWord(transport, 'fake', 1, 'srvr')).toBe('Mode: ständig\n');
  });
});

describe('the operations table', () => {
  it('has a method for everything a client may ask, save those the client sends by itself', () => {
    const methods = new Set(Object.getOwnPropertyNames(RawClient.prototype));
    const missing = Object.keys(operations).filter((name) => !methods.has(name));
    expect(missing.sort()).toEqual(['check', 'closeSession', 'deleteContainer', 'sasl']);
  });
});
