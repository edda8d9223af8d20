import { AddWatchMode, ErrorCode, OpCode } from '@zk/model';
import type { ServerOptions } from '../src/index.js';
import type { Harness } from './harness.js';
import { firstConnection, startLimited } from './limited-server.js';
import { outcome } from './outcomes.js';
import { RawSession } from './raw-session.js';
import { rest } from './virtual-time.js';

describe('limits of what is on its way', () => {
  let harness: Harness;

  async function start(limits: Partial<ServerOptions>): Promise<void> {
    harness = await startLimited(limits);
  }

  afterEach(() => harness.end());

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
      expect(harness.server.pipeline!.inFlight).toBe(6);
      const one = modest.create('/d/modest');
      await rest();
      expect(harness.server.pipeline!.inFlight).toBe(7);
      harness.storage.releaseSyncs();
      expect(await Promise.all(many)).toEqual(Array.from({ length: 50 }, (_, i) => `/d/${i}`));
      expect(await one).toBe('/d/modest');
      expect((await greedy.exists('/d')).numChildren).toBe(51);
    });

    it('of one connection: none but the one that is being decided, when the limit is 0', async () => {
      await start({ globalOutstandingLimit: 0 });
      const clients = [await harness.connect(), await harness.connect()];
      harness.storage.holdSyncs();
      const calls = clients.flatMap((client, i) => Array.from({ length: 9 }, (_, k) => client.create(`/${i}-${k}`)));
      await rest();
      expect(harness.server.pipeline!.inFlight).toBe(2);
      harness.storage.releaseSyncs();
      expect(await Promise.all(calls)).toHaveLength(18);
    });

    it('of one connection: reads behind a write that takes long wait in the socket', async () => {
      await start({ globalOutstandingLimit: 10 });
      const client = await harness.connect();
      await client.create('/d');
      harness.storage.holdSyncs();
      const write = client.setData('/d', 'x');
      const reads = Array.from({ length: 500 }, () => client.getData('/d'));
      await rest();
      expect(firstConnection(harness).client.outstanding).toBe(11);
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
      const connection = firstConnection(harness);
      expect(harness.server.stats.received - before).toBeLessThan(10);
      expect(connection.client.outbox.length).toBeLessThan(3_000_000);
      expect(connection.interestOps).toBe(4);
      client.frames.resumeReading();
      expect(await Promise.all(reads)).toHaveLength(200);
      expect(connection.interestOps).toBe(1);
    });

    it('reads that waited for a write and ask for too much are refused, and counted', async () => {
      await start({ maxHeldReplyBytes: 1_000_000 });
      const client = await harness.connect();
      const write = client.create('/big', new Uint8Array(500_000));
      const reads = Array.from({ length: 100 }, () => outcome(client.getData('/big')));
      await write;
      const outcomes = await Promise.all(reads);
      expect(outcomes).toEqual([...Array<string>(2).fill('OK'), ...Array<string>(98).fill('THROTTLEDOP')]);
      expect(await harness.word('mntr')).toMatch(/^zk_throttled_ops\t98$/m);
      expect(await outcome(client.getData('/big'))).toBe('OK');
    });

    it('reads that waited are refused for what others have asked for, unless their client asks for little', async () => {
      await start({ maxHeldReplyBytes: 1_000_000 });
      const modest = await harness.connect();
      await modest.create('/big', new Uint8Array(300_000));
      const greedy = await Promise.all(Array.from({ length: 5 }, () => harness.connect()));
      harness.storage.holdSyncs();
      const writes = [...greedy, modest].map((client) => client.setData('/big', new Uint8Array(300_000)));
      const reads = greedy.map((client) => Promise.all([1, 2].map(() => outcome(client.getData('/big')))));
      const little = modest.exists('/big');
      await rest();
      harness.storage.releaseSyncs();
      await Promise.all(writes);
      const outcomes = (await Promise.all(reads)).flat();
      expect(outcomes.filter((each) => each === 'THROTTLEDOP').length).toBeGreaterThanOrEqual(3);
      expect((await little).version).toBe(6);
      expect(await outcome(greedy[4]!.getData('/big'))).toBe('OK');
      const desk = firstConnection(harness).host as unknown as { borrowedBytes: number };
      expect(desk.borrowedBytes).toBe(0);
    });

    it('reads that waited are refused whatever number their client gives them, but not its pings', async () => {
      await start({ maxHeldReplyBytes: 1_000_000 });
      await (await harness.connect()).create('/big');
      const raw = await RawSession.open(harness);
      harness.storage.holdSyncs();
      raw.send(1, OpCode.setData, (writer) => writer.ustring('/big').buffer(new Uint8Array(500_000)).int32(-1));
      for (let i = 0; i < 10; i++) raw.send(-100, OpCode.getData, (writer) => writer.ustring('/big').boolean(false));
      raw.send(-2, OpCode.ping);
      await rest();
      harness.storage.releaseSyncs();
      const throttled = `-100:${ErrorCode.THROTTLEDOP}`;
      const ok = ['1:0', '-100:0', '-100:0'];
      expect(await raw.take(12)).toEqual([...ok, ...Array<string>(8).fill(throttled), '-2:0']);
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
      expect(harness.server.pipeline!.inFlight).toBe(4);
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
});
