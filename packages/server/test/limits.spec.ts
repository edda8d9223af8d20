import { RecordReader, RecordWriter, readConnectResponse, writeInt32 } from '@zk/jute';
import { OpCode, Xid } from '@zk/model';
import { MemoryTransport } from '@zk/transport-memory';
import { FrameConnection, RawClient, encodeConnectRequest } from '@zk/test-client';
import type { ServerOptions } from '../src/index.js';
import { Harness } from './harness.js';
import { firstConnection, startLimited } from './limited-server.js';
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

  async function start(limits: Partial<ServerOptions>): Promise<void> {
    harness = await startLimited(limits);
  }

  afterEach(() => harness.end());

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
      expect(firstConnection(harness).interestOps).toBe(0);
      harness.storage.releaseSyncs();
      for (let i = 0; i < 1 + 20_000; i++) await frames.nextFrame();
      expect(firstConnection(harness).interestOps).toBe(1);
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
