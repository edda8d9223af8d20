import { RecordReader, RecordWriter, readConnectResponse, writeInt32 } from '@zk/jute';
import { AddWatchMode, OpCode, Xid } from '@zk/model';
import { MemoryTransport } from '@zk/transport-memory';
import { FrameConnection, RawClient, encodeConnectRequest } from '@zk/test-client';
import { Harness, type HarnessParts } from './harness.js';
import { outcome } from './outcomes.js';
import { converse } from './plain-text.js';
import { RawSession } from './raw-session.js';
import { rest } from './virtual-time.js';

const frame = (payload: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(4 + payload.length);
  writeInt32(bytes, 0, payload.length);
  bytes.set(payload, 4);
  return bytes;
};

describe('limits', () => {
  let harness: Harness;

  async function start(options: HarnessParts['options']): Promise<void> {
    harness = await Harness.inVirtualTime({ options: { tickTimeMs: 2000, ...options } }).start();
  }

  afterEach(async () => {
    expect(harness.log.errors).toEqual([]);
    await harness.stop();
  });

  const onlyConnection = () => [...harness.server.connections][0]!;

  describe('of connections', () => {
    it('per address: one more is closed without a byte, until one of the others has gone', async () => {
      await start({ maxClientConnections: 3 });
      const clients = await Promise.all([harness.connect(), harness.connect(), harness.connect()]);
      await expect(harness.connect()).rejects.toThrow('no frame came');
      const elsewhere = await RawClient.connect(harness.transport.from('10.0.0.9'), harness.server.clientAddress);
      expect(await elsewhere.sync()).toBe('/');
      await clients[0]!.disconnect();
      await rest();
      expect(await (await harness.connect()).sync()).toBe('/');
      expect(await harness.word('srvr')).toBe('');
    });

    it('in all', async () => {
      await start({ maxConnections: 2 });
      await harness.connect();
      await RawClient.connect(harness.transport.from('10.0.0.9'), harness.server.clientAddress);
      await expect(harness.connect()).rejects.toThrow('no frame came');
      expect(harness.server.admission.rejectedConnections).toBe(1);
    });

    it('none, when it is 0', async () => {
      await start({ maxClientConnections: 0 });
      const clients = await Promise.all(Array.from({ length: 100 }, () => harness.connect()));
      expect(clients.every((c) => !c.isClosed)).toBe(true);
    });

    it('by the rate of sessions, new and renewed ones', async () => {
      await start({ connectionThrottle: { tokens: 2, fillTimeMs: 1000, fillCount: 1 } });
      const client = await harness.connect();
      await harness.connect();
      await expect(harness.connect()).rejects.toThrow('no frame came');
      await expect(harness.reattach(client)).rejects.toThrow('no frame came');
      await harness.time.advance(1001);
      expect(await (await harness.reattach(client)).sync()).toBe('/');
      expect(await harness.word('ruok')).toBe('imok');
    });
  });

  describe('of time without a session', () => {
    beforeEach(() => start({ sessionlessTimeoutMs: 10_000 }));

    it.each([
      ['nothing', new Uint8Array()],
      ['half a length', new Uint8Array([0, 0])],
      ['half a ConnectRequest', frame(encodeConnectRequest({})).slice(0, 20)],
      ['half a command', Buffer.from('ruo')],
      ['a command without its argument', Buffer.from('stmk1234')],
    ])('a connection that says %s is closed', async (_, bytes) => {
      const frames = await harness.dial();
      frames.sendRaw(bytes);
      await harness.time.advance(9_999);
      expect(frames.isClosed).toBe(false);
      await harness.time.advance(4_000);
      expect(frames.isClosed).toBe(true);
      expect(harness.server.stats.sessionlessExpired).toBe(1);
    });

    it('a connection with a session is not', async () => {
      const client = await harness.connect({ timeoutMs: 40_000 });
      await harness.time.advance(20_000);
      expect(client.isClosed).toBe(false);
    });

    it('bytes that trickle in give no more time', async () => {
      const frames = await harness.dial();
      for (let i = 0; i < 14; i++) {
        frames.sendRaw(new Uint8Array([0]).fill(i === 3 ? 100 : 0));
        await harness.time.advance(1000);
      }
      expect(frames.isClosed).toBe(true);
    });
  });

  describe('of frames', () => {
    it.each([
      ['the limit itself', 10_000, false],
      ['one more than the limit', 10_001, true],
      ['the largest length', 0x7fff_ffff, true],
      ['-1', -1, true],
      ['the smallest length', -0x8000_0000, true],
      ['0', 0, true],
      ['7, which holds no header', 7, true],
    ])('a length of %s closes: %s', async (_, length, isClosed) => {
      await start({ maxFrameBytes: 10_000 });
      const client = await harness.connect();
      const bytes = new Uint8Array(20_000);
      writeInt32(bytes, 0, length);
      bytes.set(new RecordWriter().int32(5).int32(OpCode.exists).bytes(), 4);
      client.sendRaw(bytes.subarray(0, 4 + Math.min(Math.max(length, 0), 10_000)));
      await rest();
      expect(client.isClosed).toBe(isClosed);
      await client.disconnect();
    });

    it('a length that is too long closes before anything behind it has come; what came before is executed', async () => {
      await start({ maxFrameBytes: 10_000 });
      const client = await harness.connect();
      const write = outcome(client.create('/before'));
      client.sendRaw(new Uint8Array([0, 1, 0, 0]));
      expect(await write).toBe('CLOSED');
      await rest();
      expect(await outcome((await harness.connect()).exists('/before'))).toBe('OK');
    });

    it.each([
      ['a ConnectRequest of no bytes', new Uint8Array()],
      ['a ConnectRequest cut off', encodeConnectRequest({}).slice(0, 30)],
    ])('%s closes', async (_, payload) => {
      await start({});
      const frames = await harness.dial();
      frames.send(payload);
      await frames.closed;
      expect(frames.waitingFrames).toBe(0);
    });

    it('may be of the default length, and data nearly that long', async () => {
      await start({});
      const client = await harness.connect();
      await client.create('/big', new Uint8Array(1_048_500));
      expect((await client.getData('/big')).data).toHaveLength(1_048_500);
      expect(await outcome(client.setData('/big', new Uint8Array(1_048_576)))).toBe('CLOSED');
    });

    it('in any pieces mean the same', async () => {
      const script = async (h: Harness): Promise<string[]> => {
        const raw = await RawSession.open(h);
        raw.send(1, OpCode.create, (w) =>
          w.ustring('/x').buffer(new Uint8Array(3000)).int32(1).int32(31).ustring('world').ustring('anyone').int32(0),
        );
        raw.send(-2, OpCode.ping);
        raw.send(2, OpCode.getData, (w) => w.ustring('/x').boolean(true));
        raw.send(3, OpCode.setData, (w) => w.ustring('/x').int32(-1).int32(0));
        raw.send(4, OpCode.getData, (w) => w.ustring('/none').boolean(true));
        raw.send(5, OpCode.multi, (w) => w.int32(-1).boolean(true).int32(-1));
        raw.send(6, OpCode.closeSession);
        const replies = await raw.take(8);
        await raw.frames.closed;
        return replies;
      };
      await start({});
      const expected = await script(harness);
      expect(expected).toEqual(['1:0', '-2:0', '2:0', '-1:0', '3:0', '4:-101', '5:0', '6:0']);
      for (const maxBytes of [1, 2, 3, 5, 13, 64, 1000]) {
        let seed = maxBytes;
        const random = { next: () => (seed = (seed * 16807) % 2147483647) / 2147483647 };
        const split = await new Harness({ transport: new MemoryTransport({ chunking: { random, maxBytes } }) }).start();
        expect(await script(split)).toEqual(expected);
        await split.stop();
      }
    });

    it('may follow the ConnectRequest at once', async () => {
      await start({});
      const frames = await harness.dial();
      const exists = new RecordWriter().int32(1).int32(OpCode.exists).ustring('/').boolean(false).bytes();
      const ping = new RecordWriter().int32(-2).int32(OpCode.ping).bytes();
      const close = new RecordWriter().int32(2).int32(OpCode.closeSession).bytes();
      frames.sendRaw(Buffer.concat([frame(encodeConnectRequest({})), frame(exists), frame(ping), frame(close)]));
      expect(readConnectResponse(new RecordReader(await frames.nextFrame())).timeOut).toBe(30_000);
      const xids: number[] = [];
      for (let i = 0; i < 3; i++) xids.push(new RecordReader(await frames.nextFrame()).int32());
      expect(xids).toEqual([1, Xid.ping, 2]);
      await frames.closed;
    });

    it('behind a ConnectRequest do not pile up while the session is created', async () => {
      await start({ maxFrameBytes: 50_000 });
      harness.storage.holdSyncs();
      const frames = await harness.dial();
      const ping = frame(new RecordWriter().int32(-2).int32(OpCode.ping).bytes());
      const flood = Buffer.concat(Array.from({ length: 20_000 }, () => ping));
      frames.sendRaw(frame(encodeConnectRequest({})));
      frames.sendRaw(flood);
      await harness.storage.heldSync();
      for (let i = 0; i < 10; i++) await rest();
      expect(onlyConnection().interestOps).toBe(0);
      harness.storage.releaseSyncs();
      for (let i = 0; i < 1 + 20_000; i++) await frames.nextFrame();
      expect(onlyConnection().interestOps).toBe(1);
    });
  });

  describe('of large requests on their way', () => {
    it('close the connection of the one that is too much', async () => {
      await start({ largeRequestThresholdBytes: 1000, largeRequestMaxBytes: 5000 });
      const [one, two, three] = [await harness.connect(), await harness.connect(), await harness.connect()];
      await one.create('/a');
      harness.storage.holdSyncs();
      const fine = [one.setData('/a', new Uint8Array(2000)), two.setData('/a', new Uint8Array(2000))].map(outcome);
      await rest();
      expect(await outcome(three.setData('/a', new Uint8Array(2000)))).toBe('CLOSED');
      harness.storage.releaseSyncs();
      expect(await Promise.all(fine)).toEqual(['OK', 'OK']);
      await rest();
      expect(await outcome(one.setData('/a', new Uint8Array(4000)))).toBe('OK');
      expect(await outcome(one.setData('/a', new Uint8Array(6000)))).toBe('CLOSED');
      expect(await harness.word('mntr')).toMatch(/^zk_large_requests_rejected\t2$/m);
    });
  });

  describe('of requests on their way', () => {
    it('in all: who has some waits, who has none gets in', async () => {
      await start({ globalOutstandingLimit: 5 });
      const greedy = await harness.connect();
      const modest = await harness.connect();
      await greedy.create('/d');
      harness.storage.holdSyncs();
      const many = Array.from({ length: 50 }, (_, i) => greedy.create(`/d/${i}`));
      await rest();
      expect(harness.server.pipeline.inFlight).toBe(6);
      const one = modest.create('/d/modest');
      await rest();
      expect(harness.server.pipeline.inFlight).toBe(7);
      harness.storage.releaseSyncs();
      expect(await Promise.all(many)).toEqual(Array.from({ length: 50 }, (_, i) => `/d/${i}`));
      expect(await one).toBe('/d/modest');
      expect((await greedy.exists('/d')).numChildren).toBe(51);
    });

    it('of one connection: reads behind a write that takes long wait in the socket', async () => {
      await start({ globalOutstandingLimit: 10 });
      const client = await harness.connect();
      await client.create('/d');
      harness.storage.holdSyncs();
      const write = client.setData('/d', 'x');
      const reads = Array.from({ length: 500 }, () => client.getData('/d'));
      await rest();
      expect(onlyConnection().client.outstanding).toBe(11);
      harness.storage.releaseSyncs();
      await write;
      expect((await Promise.all(reads)).every(({ stat }) => stat.version === 1)).toBe(true);
    });

    it('hundreds of connections that wait all get their turn', async () => {
      await start({ globalOutstandingLimit: 3, maxClientConnections: 0 });
      const clients = await Promise.all(Array.from({ length: 100 }, () => harness.connect()));
      await clients[0]!.create('/d');
      const calls = clients.flatMap((c) => Array.from({ length: 10 }, () => c.create('/d/', null, { flags: 2 })));
      expect(new Set(await Promise.all(calls)).size).toBe(1000);
    });
  });

  describe('of output', () => {
    it('a client that reads nothing is not read from, and goes on when it reads again', async () => {
      await start({});
      const client = await harness.connect();
      await client.create('/big', new Uint8Array(500_000));
      const before = harness.server.stats.received;
      client.frames.pauseReading();
      const reads = Array.from({ length: 200 }, () => client.getData('/big'));
      for (let i = 0; i < 5; i++) await rest();
      const connection = onlyConnection();
      expect(harness.server.stats.received - before).toBeLessThan(10);
      expect(connection.client.outbox.length).toBeLessThan(3_000_000);
      expect(connection.interestOps).toBe(4);
      client.frames.resumeReading();
      expect(await Promise.all(reads)).toHaveLength(200);
      expect(connection.interestOps).toBe(1);
    });

    it('a client that never reads its events is closed', async () => {
      await start({ maxOutputBytes: 200_000 });
      const writer = await harness.connect();
      const deaf = await harness.connect();
      await deaf.addWatch('/', AddWatchMode.persistentRecursive);
      deaf.frames.pauseReading();
      const name = `/${'n'.repeat(1000)}`;
      await writer.create(name);
      for (let i = 0; i < 400 && harness.server.connections.size > 1; i++) await writer.setData(name, 'x');
      expect(harness.server.connections.size).toBe(1);
      expect(await outcome(writer.exists(name))).toBe('OK');
    });

    it('a client that reads slowly but reads is not closed', async () => {
      await start({ maxOutputBytes: 200_000 });
      const writer = await harness.connect();
      const slow = await harness.connect();
      await slow.addWatch('/', AddWatchMode.persistentRecursive);
      const name = `/${'n'.repeat(1000)}`;
      await writer.create(name);
      for (let round = 0; round < 10; round++) {
        slow.frames.pauseReading();
        for (let i = 0; i < 100; i++) await writer.setData(name, 'x');
        slow.frames.resumeReading();
        await rest();
      }
      await slow.sync();
      expect(slow.takeEvents()).toHaveLength(1001);
    });

    it('a client that ends its session and never reads is closed after a while', async () => {
      await start({});
      const client = await harness.connect();
      await client.create('/big', new Uint8Array(500_000));
      client.frames.pauseReading();
      // The read waits for the write, so all three have been taken in before there is anything to send.
      const calls = [client.delete('/none'), client.getData('/big'), client.request(OpCode.closeSession)].map(outcome);
      await rest();
      expect(harness.server.sessions.size).toBe(0);
      expect(harness.server.connections.size).toBe(1);
      await harness.time.advance(15_000);
      expect(harness.server.connections.size).toBe(0);
      client.frames.destroy();
      await Promise.all(calls);
    });
  });

  describe('of requests in the server as a whole', () => {
    it('let others wait, in order, and lose nothing', async () => {
      await start({ requestThrottle: { maxRequests: 4 } });
      const clients = await Promise.all(Array.from({ length: 10 }, () => harness.connect()));
      await clients[0]!.create('/d');
      harness.storage.holdSyncs();
      const calls = clients.flatMap((c) => Array.from({ length: 5 }, () => c.create('/d/', null, { flags: 2 })));
      const reads = clients.map((c) => c.exists('/d'));
      await rest();
      expect(harness.server.pipeline.inFlight).toBe(4);
      harness.storage.releaseSyncs();
      expect(new Set(await Promise.all(calls)).size).toBe(50);
      expect(await Promise.all(reads)).toHaveLength(10);
      expect(await harness.word('mntr')).not.toMatch(/^zk_request_throttle_wait_count\t0$/m);
    });

    it('refuse what has waited too long, in its turn, but neither pings nor the end of the session', async () => {
      await start({ requestThrottle: { maxRequests: 1, maxWaitMs: 500 } });
      const other = await harness.connect();
      const raw = await RawSession.open(harness);
      harness.storage.holdSyncs();
      const blocking = other.create('/blocking');
      await harness.storage.heldSync();
      raw.send(1, OpCode.exists, (w) => w.ustring('/').boolean(false));
      raw.send(2, OpCode.setData, (w) => w.ustring('/').int32(-1).int32(-1));
      raw.send(-2, OpCode.ping);
      raw.send(3, OpCode.closeSession);
      await harness.time.advance(501);
      harness.storage.releaseSyncs();
      await blocking;
      expect(await raw.take(4)).toEqual(['1:-127', '2:-127', '-2:0', '3:0']);
      expect((await other.exists('/')).version).toBe(0);
      expect(await harness.word('mntr')).toMatch(/^zk_throttled_ops\t2$/m);
    });
  });

  describe('commands', () => {
    beforeEach(() => start({}));

    it.each([[['ruok']], [['r', 'u', 'o', 'k']], [['ru', 'ok']], [['ruok and more']]])(
      'in the pieces %j are understood',
      async (pieces) => {
        expect(await converse(harness, pieces)).toBe('imok');
      },
    );

    it('are commands only at the very beginning', async () => {
      const client = await harness.connect();
      client.sendRaw(Buffer.from('ruok'));
      // Read as the length of a frame it is far too long.
      await client.closed;
      expect(client.unexpectedFrames).toEqual([]);
    });

    it('are not what begins like one', async () => {
      expect(await converse(harness, ['ruoK'])).toBe('');
      expect(await converse(harness, ['GET / HTTP/1.1\r\n\r\n'])).toBe('');
    });
  });

  it('a client may dial and go, thousands of times', async () => {
    await start({});
    for (let i = 0; i < 1000; i++) {
      const frames = await FrameConnection.dial(harness.transport, harness.server.clientAddress);
      frames.destroy();
    }
    await rest();
    expect(harness.server.connections.size).toBe(0);
    expect(harness.transport.openEndCount).toBe(0);
  });
});
