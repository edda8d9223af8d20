import { CreateMode, ErrorCode, OpCode } from '@zk/model';
import { RecordReader, RecordWriter, readConnectResponse } from '@zk/jute';
import { encodeConnectRequest } from '@zk/test-client';
import type { SessionEvent } from '../src/index.js';
import { Harness } from './harness.js';
import { outcome } from './outcomes.js';
import { RawSession } from './raw-session.js';
import { rest } from './virtual-time.js';

const TICK = 1000;
const EPHEMERAL = { flags: CreateMode.ephemeral };

describe('sessions', () => {
  let harness: Harness;
  let events: SessionEvent[];

  beforeEach(async () => {
    harness = Harness.inVirtualTime({ options: { tickTimeMs: TICK, maxClientConnections: 0 } }).create();
    events = [];
    harness.server.sessions$.subscribe((event) => events.push(event));
    await harness.server.start();
  });

  afterEach(() => harness.end());

  const kinds = (): string[] => events.map((event) => event.kind);

  describe('negotiation', () => {
    it.each([
      [-2147483648, 2000],
      [-1, 2000],
      [0, 2000],
      [1999, 2000],
      [2000, 2000],
      [12_345, 12_345],
      [20_000, 20_000],
      [20_001, 20_000],
      [2147483647, 20_000],
    ])('of %i ms gives %i ms', async (timeoutMs, expected) => {
      expect((await harness.connect({ timeoutMs })).sessionTimeoutMs).toBe(expected);
    });

    it.each([
      [false, 37],
      [true, 37],
      ['absent', 36],
    ] as const)('a read-only byte of %s is answered with %i bytes', async (readOnly, length) => {
      const frames = await harness.dial();
      frames.send(encodeConnectRequest({ readOnly }));
      const response = await frames.nextFrame();
      expect(response).toHaveLength(length);
      expect(readConnectResponse(new RecordReader(response)).readOnly ?? false).toBe(false);
      frames.destroy();
    });

    it('takes a password of any length, or none, for a new session', async () => {
      for (const password of [null, new Uint8Array(), new Uint8Array(5), new Uint8Array(100)]) {
        const client = await harness.connect({ password });
        expect(client.password).toHaveLength(16);
      }
    });

    it('ignores the protocol version', async () => {
      const frames = await harness.dial();
      const request = encodeConnectRequest({});
      request.fill(0xff, 0, 4);
      frames.send(request);
      expect(readConnectResponse(new RecordReader(await frames.nextFrame())).timeOut).toBeGreaterThan(0);
      frames.destroy();
    });

    it('of a client that has seen more than the server ends without a byte', async () => {
      const lastZxidSeen = harness.server.lastZxid + 5n;
      await expect(harness.connect({ lastZxidSeen })).rejects.toThrow('no frame came');
      expect(kinds()).toEqual([]);
    });

    it('refuses limits that contradict each other', () => {
      expect(() => new Harness({ options: { minSessionTimeoutMs: 5000, maxSessionTimeoutMs: 4000 } }).create()).toThrow(
        RangeError,
      );
    });
  });

  describe('expiry', () => {
    it.each([2000, 2500, 3000, 7777])(
      'after %i ms comes neither early nor more than a tick late',
      async (timeoutMs) => {
        const observer = await harness.connect({ timeoutMs: 20_000 });
        const client = await harness.connect({ timeoutMs });
        await client.create('/e', null, EPHEMERAL);
        await observer.exists('/e', true);
        const startMs = harness.time.monotonicMs();
        await client.disconnect();
        await harness.time.advance(timeoutMs);
        expect(observer.takeEvents()).toEqual([]);
        await harness.time.advance(TICK + 1);
        expect(observer.takeEvents()).toHaveLength(1);
        expect(harness.time.monotonicMs() - startMs).toBeLessThanOrEqual(timeoutMs + TICK + 1);
        expect(await outcome(observer.exists('/e'))).toBe('NONODE');
        expect(kinds()).toEqual(['created', 'created', 'expired']);
        expect(events[2]!.sessionId).toBe(client.sessionId);
      },
    );

    it('closes the connection without a byte', async () => {
      const client = await harness.connect({ timeoutMs: 2000 });
      await harness.time.advance(3001);
      expect(client.isClosed).toBe(true);
      expect(client.unexpectedFrames).toEqual([]);
      await expect(harness.reattach(client)).rejects.toMatchObject({ name: 'SESSIONEXPIRED' });
    });

    it.each(['ping', 'exists', 'setData', 'getData of nothing'] as const)('is put off by %s', async (request) => {
      const client = await harness.connect({ timeoutMs: 2000 });
      await client.create('/d');
      for (let i = 0; i < 10; i++) {
        await harness.time.advance(1500);
        if (request === 'ping') await client.ping();
        else if (request === 'exists') await client.exists('/d');
        else if (request === 'setData') await client.setData('/d', 'x');
        else await outcome(client.getData('/none'));
      }
      expect(client.isClosed).toBe(false);
      await harness.time.advance(3001);
      expect(client.isClosed).toBe(true);
    });

    it('is not put off by authentication', async () => {
      const client = await harness.connect({ timeoutMs: 2000 });
      for (let i = 0; i < 3; i++) {
        await outcome(client.auth('digest', `u${i}:p`));
        await harness.time.advance(1001);
      }
      expect(client.isClosed).toBe(true);
    });

    it('is not put off by half a request', async () => {
      const client = await harness.connect({ timeoutMs: 2000 });
      await harness.time.advance(1900);
      client.sendRaw(new Uint8Array([0, 0, 0, 8, 0, 0]));
      await harness.time.advance(1101);
      expect(client.isClosed).toBe(true);
    });

    it('takes no heed of jumps of the wall clock', async () => {
      const client = await harness.connect({ timeoutMs: 5000 });
      harness.time.jumpWall(3_600_000);
      await harness.time.advance(2000);
      harness.time.jumpWall(-7_200_000);
      await harness.time.advance(2000);
      await client.ping();
      expect(client.isClosed).toBe(false);
    });

    it('of hundreds at once leaves the others alone', async () => {
      const keeper = await harness.connect({ timeoutMs: 20_000 });
      await keeper.create('/all');
      const clients = await Promise.all(
        Array.from({ length: 1_000 }, (_, i) => harness.connect({ timeoutMs: i % 10 === 0 ? 20_000 : 2000 })),
      );
      await Promise.all(clients.map((c) => c.create('/all/e', null, { flags: CreateMode.ephemeralSequential })));
      expect((await keeper.exists('/all')).numChildren).toBe(1_000);
      await harness.time.advance(3001);
      expect((await keeper.exists('/all')).numChildren).toBe(100);
      expect(clients.filter((c) => !c.isClosed)).toHaveLength(100);
      expect(harness.server.sessions.size).toBe(101);
      expect(kinds().filter((kind) => kind === 'expired')).toHaveLength(900);
      expect(harness.server.connections.size).toBe(101);
    });

    it('comes once for a session that is also being closed', async () => {
      const client = await harness.connect({ timeoutMs: 2000 });
      harness.storage.holdSyncs();
      const closing = client.request(OpCode.closeSession);
      await harness.storage.heldSync();
      await harness.time.advance(5000);
      harness.storage.releaseSyncs();
      expect((await closing).err).toBe(0);
      expect(kinds()).toEqual(['created', 'closed']);
    });
  });

  describe('coming back', () => {
    it('keeps the session and its ephemerals, whatever connection is left', async () => {
      const client = await harness.connect({ timeoutMs: 5000 });
      await client.create('/e', null, EPHEMERAL);
      await client.disconnect();
      await harness.time.advance(4000);
      const again = await harness.reattach(client, { timeoutMs: 5000 });
      expect(again.sessionId).toBe(client.sessionId);
      expect(again.password).toEqual(client.password);
      await harness.time.advance(4000);
      expect(await outcome(again.exists('/e'))).toBe('OK');
      expect(kinds()).toEqual(['created', 'reattached']);
    });

    it('closes the connection that had the session, without a byte', async () => {
      const client = await harness.connect();
      const again = await harness.reattach(client);
      await client.closed;
      expect(client.unexpectedFrames).toEqual([]);
      expect(await again.sync()).toBe('/');
    });

    it('takes over the timeout of the new connection', async () => {
      const client = await harness.connect({ timeoutMs: 20_000 });
      const again = await harness.reattach(client, { timeoutMs: 2000 });
      expect(again.sessionTimeoutMs).toBe(2000);
      await harness.time.advance(3001);
      expect(again.isClosed).toBe(true);
    });

    it.each([
      ['a wrong password', new Uint8Array(16).fill(7)],
      ['a short password', new Uint8Array(8)],
      ['no password', null],
    ])('with %s is refused, and still disconnects the rightful client', async (_, password) => {
      const client = await harness.connect();
      await client.create('/e', null, EPHEMERAL);
      const frames = await harness.dial();
      frames.send(encodeConnectRequest({ sessionId: client.sessionId, password }));
      const refusal = readConnectResponse(new RecordReader(await frames.nextFrame()));
      expect(refusal).toMatchObject({ timeOut: 0, sessionId: 0n, passwd: new Uint8Array(16) });
      await frames.closed;
      await client.closed;
      const again = await harness.reattach(client);
      expect(await outcome(again.exists('/e'))).toBe('OK');
    });

    it('to a session nobody knows is refused', async () => {
      await expect(harness.connect({ sessionId: 77n })).rejects.toMatchObject({ name: 'SESSIONEXPIRED' });
      await expect(harness.connect({ sessionId: -(2n ** 63n) })).rejects.toMatchObject({ name: 'SESSIONEXPIRED' });
    });

    it('to a session that was closed is refused', async () => {
      const client = await harness.connect();
      await client.close();
      await expect(harness.reattach(client)).rejects.toMatchObject({ name: 'SESSIONEXPIRED' });
    });

    it('waits with its reads for the writes of the connection before', async () => {
      const client = await harness.connect();
      harness.storage.holdSyncs();
      const lost = outcome(client.create('/mine', 'x'));
      await harness.storage.heldSync();
      const again = await harness.reattach(client);
      let isAnswered = false;
      const seen = outcome(again.exists('/mine')).finally(() => (isAnswered = true));
      await rest();
      expect(isAnswered).toBe(false);
      harness.storage.releaseSyncs();
      expect(await seen).toBe('OK');
      expect(await lost).toBe('CLOSED');
      expect(await outcome(again.create('/mine'))).toBe('NODEEXISTS');
    });

    it('goes on when the writes of the connection before come to nothing', async () => {
      const client = await harness.connect();
      harness.storage.holdSyncs();
      void outcome(client.create('/mine', 'x'));
      await harness.storage.heldSync();
      const again = await harness.reattach(client);
      const behind = outcome(client.create('/never'));
      harness.storage.failWrites(new Error('no space'));
      harness.storage.releaseSyncs();
      expect(await outcome(again.exists('/mine'))).toBe('OK');
      expect(await behind).toBe('CLOSED');
      harness.storage.allowWrites();
      harness.log.errors.length = 0;
    });

    it('twenty times in a row leaves one connection', async () => {
      let client = await harness.connect();
      for (let i = 0; i < 20; i++) client = await harness.reattach(client);
      await rest();
      expect(harness.server.connections.size).toBe(1);
      expect(harness.server.sessions.size).toBe(1);
    });
  });

  describe('closing', () => {
    it('removes every ephemeral with one zxid, answers, and closes the connection', async () => {
      const observer = await harness.connect();
      const client = await harness.connect();
      await client.create('/d');
      for (const name of ['a', 'b', 'c']) await client.create(`/d/${name}`, null, EPHEMERAL);
      await observer.getChildren('/d', true);
      const before = harness.server.lastZxid;
      const reply = await client.request(OpCode.closeSession);
      expect(reply).toMatchObject({ err: 0, zxid: before + 1n });
      expect(reply.body).toHaveLength(0);
      await client.closed;
      expect(await observer.exists('/d')).toMatchObject({ numChildren: 0, cversion: 6, pzxid: before + 1n });
      expect(observer.takeEvents()).toHaveLength(1);
      expect(kinds()).toEqual(['created', 'created', 'closed']);
    });

    it('takes ephemerals that are still on their way along, and spares those being deleted', async () => {
      const client = await harness.connect();
      await client.create('/d');
      await client.create('/d/old', null, EPHEMERAL);
      await client.create('/d/kept');
      const calls = [
        client.create('/d/new', null, EPHEMERAL),
        client.delete('/d/old'),
        client.create('/d/old'),
        client.multi([
          { op: 'create', path: '/d/m', data: null, acl: [{ perms: 31, scheme: 'world', id: 'anyone' }], flags: 1 },
        ]),
        client.request(OpCode.closeSession),
      ];
      await Promise.all(calls);
      const observer = await harness.connect();
      expect((await observer.getChildren('/d')).toSorted()).toEqual(['kept', 'old']);
      expect((await observer.exists('/d/old')).ephemeralOwner).toBe(0n);
      expect(await observer.exists('/d')).toMatchObject({ numChildren: 2, cversion: 8 });
    });

    it('leaves requests behind it without an answer', async () => {
      const client = await harness.connect();
      const closing = client.request(OpCode.closeSession);
      const behind = [outcome(client.exists('/')), outcome(client.create('/late')), outcome(client.ping())];
      expect((await closing).err).toBe(ErrorCode.OK);
      expect(await Promise.all(behind)).toEqual(['CLOSED', 'CLOSED', 'CLOSED']);
      expect(await outcome((await harness.connect()).exists('/late'))).toBe('NONODE');
    });

    it('is ordered with the requests before it', async () => {
      const raw = await RawSession.open(harness);
      raw.send(1, OpCode.setData, (w) => w.ustring('/').int32(-1).int32(-1));
      raw.send(2, OpCode.getAllChildrenNumber, (w) => w.ustring('/'));
      raw.send(3, OpCode.closeSession);
      raw.send(4, OpCode.getAllChildrenNumber, (w) => w.ustring('/'));
      expect(await raw.take(3)).toEqual(['1:0', '2:0', '3:0']);
      await raw.frames.closed;
      expect(raw.frames.waitingFrames).toBe(0);
    });

    it('by hand with a body is fine too', async () => {
      const client = await harness.connect();
      expect((await client.request(OpCode.closeSession, new RecordWriter().int32(5).bytes())).err).toBe(0);
    });
  });

  it('a connection that is dropped while its session is created leaves a session that expires', async () => {
    harness.storage.holdSyncs();
    const frames = await harness.dial();
    frames.send(encodeConnectRequest({ timeoutMs: 2000 }));
    await harness.storage.heldSync();
    frames.destroy();
    await rest();
    harness.storage.releaseSyncs();
    await rest();
    expect(harness.server.sessions.size).toBe(1);
    await harness.time.advance(3001);
    expect(harness.server.sessions.size).toBe(0);
    expect(kinds()).toEqual(['created', 'expired']);
  });
});
