import { RecordWriter, utf8Bytes, utf8Text } from '@zk/jute';
import { ErrorCode, OpCode, Xid } from '@zk/model';
import type { SaslStep } from '@zk/contracts';
import { MachineRig, replyFrame } from '../../test/machine-rig.js';
import { addWatchKind, removeWatchesKind, setWatchesKind } from '../wire/kinds.js';

const NONODE = { err: ErrorCode.NONODE };

function token(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new RecordWriter().buffer(bytes).bytes();
}

describe('connecting', () => {
  it('looks up, dials and shakes hands', () => {
    const rig = new MachineRig().start().connect();
    expect(rig.calls).toEqual(['resolve a', 'dial 10.0.0.1']);
    expect(rig.handshake).toMatchObject({ lastZxidSeen: 0n, timeOut: 9_000, sessionId: 0n, readOnly: false });
    expect(rig.states).toEqual(['connected']);
    expect(rig.machine.session).toMatchObject({ id: 0x1234n, timeoutMs: 9_000 });
  });

  it('tries every address of a name, then the next server, and rests after a round', () => {
    const servers = [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ];
    const rig = new MachineRig({ backOff: { initialDelay: 1_000, maxDelay: 4_000 } }, servers).start();
    const fail = (): void => rig.machine.failed(rig.attempt, new Error('refused'));
    rig.machine.resolved(rig.attempt, ['1', '2']);
    fail();
    fail();
    rig.passUntil(() => rig.calls.at(-1) === 'resolve b');
    fail();
    const { nowMs } = rig;
    rig.passUntil(() => rig.calls.filter((call) => call === 'resolve a').length === 2);
    expect(rig.nowMs - nowMs).toBe(1_000);
    expect(rig.calls.filter((call) => call.startsWith('dial'))).toHaveLength(2);
    expect(rig.machine.failedAttempts.map(({ server }) => server.host)).toEqual(['a', 'a', 'b']);
  });

  it('gives up an attempt in which the server says nothing, and hears nothing of it later', () => {
    const rig = new MachineRig({ connectTimeout: 2_000 }).start();
    rig.machine.resolved(rig.attempt, ['1']);
    rig.dialed();
    const first = rig.attempt;
    rig.pass(2_000);
    expect(rig.calls).toContain(`hang up ${first}`);
    rig.passUntil(() => rig.calls.at(-1) === 'resolve a');
    rig.machine.dialed(first);
    rig.machine.closed(first, undefined);
    rig.machine.failed(first, new Error('late'));
    expect(rig.calls.at(-1)).toBe(`hang up ${first}`);
    expect(rig.states).toEqual([]);
  });

  it.each([
    ['nothing but a close', (rig: MachineRig) => rig.close()],
    ['a bare reply header, as a read-only server does', (rig: MachineRig) => rig.reply(0, { err: -119 })],
    ['a frame that ends too early', (rig: MachineRig) => rig.receive(new Uint8Array(5))],
    ['a session that is over, to one who asked for a new one', (rig: MachineRig) => rig.grant({ timeoutMs: 0 })],
  ])('takes %s for a failed attempt', (_what, answer) => {
    const rig = new MachineRig().start();
    rig.machine.resolved(rig.attempt, ['1']);
    answer(rig.dialed());
    expect(rig.machine.failedAttempts).toHaveLength(1);
    rig.connect();
    expect(rig.states).toEqual(['connected']);
  });

  it('takes a timeout from the server, and the short response of one before 3.4', () => {
    const rig = new MachineRig().start();
    rig.machine.resolved(rig.attempt, ['1']);
    rig.dialed();
    const writer = new RecordWriter();
    writer.int32(0).int32(6_000).int64(-5n).buffer(new Uint8Array(16));
    rig.receive(writer.bytes());
    expect(rig.machine.session).toMatchObject({ id: -5n, timeoutMs: 6_000, isReadOnly: false });
  });

  it('attaches to its session on the next server, and says what it has seen', () => {
    const rig = new MachineRig().start().connect();
    const first = rig.get('/a');
    rig.endTurn().reply(first.xid, { zxid: 0x1_0000_0005n, ...NONODE });
    rig.close(new Error('reset')).connect();
    expect(rig.handshake).toMatchObject({ sessionId: 0x1234n, lastZxidSeen: 0x1_0000_0005n });
    expect(rig.states).toEqual(['connected', 'suspended', 'reconnected']);
  });

  it('grows its pauses when connections do not last', () => {
    const rig = new MachineRig({ backOff: { initialDelay: 100, maxDelay: 10_000 } }).start();
    const pauses: number[] = [];
    for (let i = 0; i < 5; i++) {
      rig.connect({ timeoutMs: 60_000 });
      const { nowMs } = rig;
      rig.close();
      rig.passUntil(() => rig.calls.at(-1) === 'resolve a');
      pauses.push(rig.nowMs - nowMs);
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600]);
  });
});

describe('pauses while a session lives', () => {
  const backOff = { initialDelay: 100, maxDelay: 5_000 };
  const refuse = (rig: MachineRig): void => rig.machine.failed(rig.attempt, new Error('refused'));

  /** Refuses every attempt. @returns when they were made, in ms after the connection was lost */
  function attemptsOf(rig: MachineRig, untilMs: number): number[] {
    const attempts: number[] = [];
    const startMs = rig.nowMs;
    rig.close();
    while (rig.nowMs - startMs < untilMs) {
      rig.pass(1);
      if (rig.calls.at(-1) !== 'resolve a') continue;
      attempts.push(rig.nowMs - startMs);
      refuse(rig);
    }
    return attempts;
  }

  it('grow to a tenth of its timeout', () => {
    const rig = new MachineRig({ backOff }).start().connect({ timeoutMs: 4_000 });
    const attempts = attemptsOf(rig.pass(1_000), 2_000);
    expect(attempts).toEqual([50, 150, 350, 750, 1_150, 1_550, 1_950]);
  });

  it('never get longer than was asked for', () => {
    const rig = new MachineRig({ backOff: { ...backOff, maxDelay: 300 } }).start().connect({ timeoutMs: 30_000 });
    const attempts = attemptsOf(rig.pass(1_000), 1_500);
    expect(attempts).toEqual([50, 150, 350, 650, 950, 1_250]);
  });

  it('do not go past a tenth before its end: no pause goes past the last moment for its session', () => {
    const rig = new MachineRig({ backOff }).start().connect({ timeoutMs: 4_000 });
    const attempts = attemptsOf(rig, 3_999);
    expect(attempts.filter((atMs) => atMs >= 3_600)).toEqual([3_600]);
    expect(rig.states).toEqual(['connected', 'suspended']);
  });

  it('grow again when it is over', () => {
    const rig = new MachineRig({ backOff }).start().connect({ timeoutMs: 4_000 });
    const attempts = attemptsOf(rig, 30_000).filter((atMs) => atMs > 6_000);
    const pauses = attempts.slice(1).map((atMs, i) => Math.round((atMs - attempts[i]!) / 100) * 100);
    expect(new Set(pauses)).toEqual(new Set([5_000]));
    expect(rig.states).toEqual(['connected', 'suspended', 'lost']);
  });
});

describe('silence', () => {
  it('sends a ping when nothing else was sent for a third of the timeout', () => {
    const rig = new MachineRig().start().connect();
    rig.pass(2_999);
    expect(rig.pings).toBe(0);
    rig.pass(1);
    expect(rig.lastSent).toEqual({ xid: Xid.ping, opcode: OpCode.ping });
    rig.reply(Xid.ping).pass(2_000);
    const get = rig.get('/a');
    rig.endTurn().reply(get.xid, NONODE).pass(2_999);
    expect(rig.pings).toBe(1);
    rig.pass(1);
    expect(rig.pings).toBe(2);
  });

  it('gives up a half-open connection: a half-open connection is given up', () => {
    const rig = new MachineRig().start().connect();
    rig.pass(5_999);
    expect(rig.states).toEqual(['connected']);
    rig.pass(1);
    expect(rig.states).toEqual(['connected', 'suspended']);
  });

  it('ends the session by itself: expiry is known without a server', () => {
    const rig = new MachineRig().start().connect();
    const session = rig.machine.session!;
    rig.pass(8_999);
    expect([session.isAlive(), session.signal.aborted]).toEqual([true, false]);
    rig.pass(1);
    expect([session.isAlive(), session.signal.aborted]).toEqual([false, true]);
    expect(rig.states).toEqual(['connected', 'suspended', 'lost']);
    rig.connect({ id: 99n });
    expect(rig.handshake).toMatchObject({ sessionId: 0n, lastZxidSeen: 0n });
    expect(rig.states.at(-1)).toBe('connected');
  });

  it('abandons a handshake that would bring a session back after its end', () => {
    const rig = new MachineRig({ connectTimeout: 8_000 }).start().connect();
    rig.pass(2_000).close();
    rig.passUntil(() => rig.calls.at(-1) === 'resolve a');
    rig.machine.resolved(rig.attempt, ['1']);
    rig.dialed();
    const { attempt } = rig;
    rig.pass(7_500);
    expect(rig.states.at(-1)).toBe('lost');
    rig.machine.received(attempt, new Uint8Array(0), 0, 0);
    rig.grant();
    expect(rig.states.at(-1)).toBe('lost');
  });

  it('a process that was busy reads what has arrived before it judges', () => {
    const rig = new MachineRig().start().connect();
    rig.pass(3_000);
    // Busy for 5 s: the timer fires late, and the answer to the ping has been there for long.
    rig.nowMs += 5_000;
    rig.machine.tick();
    const bytes = new RecordWriter().int32(16).raw(replyFrame(Xid.ping)).bytes();
    rig.machine.received(rig.attempt, bytes, 0, bytes.length);
    rig.endTurn();
    expect(rig.states).toEqual(['connected']);
    expect(rig.machine.session!.deadlineMs).toBe(rig.nowMs - 5_000 + 9_000);
    rig.nowMs += 5_000;
    rig.machine.tick();
    rig.endTurn();
    expect(rig.states).not.toEqual(['connected']);
  });

  it('counts sleep in which the monotonic clock stood still', () => {
    const rig = new MachineRig().start().connect();
    const session = rig.machine.session!;
    rig.wallOffsetMs += 4_000;
    expect(session.isAlive()).toBe(true);
    rig.pass(3_000).reply(Xid.ping);
    expect(session.deadlineMs).toBe(rig.nowMs + 9_000);
    rig.wallOffsetMs += 20_000;
    expect(session.isAlive()).toBe(false);
    rig.pass(3_000);
    expect(session.signal.aborted).toBe(true);
  });
});

describe('requests', () => {
  it('leave in one write at the end of the turn, in order', () => {
    const rig = new MachineRig().start();
    const early = rig.get('/early');
    rig.connect();
    const late = ['/a', '/b'].map((path) => rig.get(path));
    expect(rig.sent).toHaveLength(1);
    rig.endTurn();
    expect(rig.sent.map(({ xid }) => xid)).toEqual([early, ...late].map(({ xid }) => xid));
  });

  it('wait while the transport has enough', () => {
    const rig = new MachineRig().start().connect();
    rig.isTaking = false;
    rig.get('/a');
    rig.endTurn();
    rig.get('/b');
    rig.endTurn();
    expect(rig.sent).toHaveLength(1);
    rig.isTaking = true;
    rig.machine.drained(rig.attempt);
    rig.endTurn();
    expect(rig.sent).toHaveLength(2);
  });

  it('that are for one connection do not wait for the next one', async () => {
    const rig = new MachineRig().start().connect();
    rig.isTaking = false;
    rig.get('/a');
    rig.endTurn();
    const late = [addWatchKind, removeWatchesKind, setWatchesKind].map((kind) => rig.request('/a', kind));
    rig.endTurn().close();
    for (const { promise } of late) await expect(promise).rejects.toMatchObject({ maybeApplied: false });
    expect(rig.machine.queue.waitingCount).toBe(1);
  });

  it('may be refused out of turn, as by a server that throttles', async () => {
    const rig = new MachineRig().start().connect();
    const [one, two] = [rig.get('/1'), rig.get('/2')];
    rig.endTurn().reply(two.xid, { err: ErrorCode.THROTTLEDOP });
    await expect(two.promise).rejects.toMatchObject({ name: 'THROTTLEDOP' });
    rig.reply(one.xid, NONODE);
    await expect(one.promise).rejects.toMatchObject({ name: 'NONODE' });
    expect(rig.states).toEqual(['connected']);
  });

  it.each([
    ['a reply nobody asked for', replyFrame(77)],
    ['a frame too short for a header', new Uint8Array(7)],
    ['an xid of no meaning', replyFrame(-77)],
  ])('take %s for the end of the connection', (_what, frame) => {
    const rig = new MachineRig().start().connect();
    rig.receive(frame);
    expect(rig.states).toEqual(['connected', 'suspended']);
  });

  it('are rejected when the reply makes no sense', async () => {
    const rig = new MachineRig().start().connect();
    const get = rig.get('/a');
    rig.endTurn().reply(get.xid, { body: new Uint8Array(3) });
    await expect(get.promise).rejects.toMatchObject({ name: 'CONNECTIONLOSS' });
    expect(rig.states).toEqual(['connected', 'suspended']);
  });

  it('are answered before a close, which waits no longer than it was told to', () => {
    const rig = new MachineRig({ closeTimeout: 1_000 }).start().connect();
    const get = rig.get('/a');
    rig.endTurn();
    rig.machine.close(false);
    expect(rig.sent).toHaveLength(1);
    rig.reply(get.xid, NONODE);
    expect(rig.lastSent.opcode).toBe(OpCode.closeSession);
    rig.reply(rig.lastSent.xid);
    expect(rig.states).toEqual(['connected', 'closed']);
    expect(rig.wakeAtMs).toBe(Infinity);

    const stalled = new MachineRig({ closeTimeout: 1_000 }).start().connect();
    stalled.get('/a');
    stalled.endTurn();
    stalled.machine.close(false);
    stalled.pass(1_000);
    expect(stalled.states).toEqual(['connected', 'closed']);
  });
});

describe('credentials', () => {
  it('are shown first, and the connection counts when they are accepted', () => {
    const rig = new MachineRig({ auth: [{ scheme: 'digest', auth: 'a:b' }] }).start().connect();
    rig.get('/a');
    rig.endTurn();
    expect(rig.sent).toEqual([{ xid: Xid.auth, opcode: OpCode.auth }]);
    expect(rig.states).toEqual([]);
    rig.reply(Xid.auth, { zxid: 0n });
    expect(rig.states).toEqual(['connected']);
    expect(rig.lastSent.opcode).toBe(OpCode.getData);
  });

  it('that are refused end the client', async () => {
    const rig = new MachineRig({ auth: [{ scheme: 'digest', auth: 'a:b' }] }).start().connect();
    const get = rig.get('/a');
    rig.reply(Xid.auth, { err: ErrorCode.AUTHFAILED });
    expect(rig.states).toEqual(['authFailed']);
    await expect(get.promise).rejects.toMatchObject({ name: 'AUTHFAILED', maybeApplied: false });
  });

  function exchange(): { step(token: Uint8Array): SaslStep } {
    return {
      step: (given) =>
        utf8Text(given) === 'challenge'
          ? { kind: 'continue', token: utf8Bytes('response') }
          : utf8Text(given) === 'proof'
            ? { kind: 'complete', authorizationId: 'me' }
            : { kind: 'failed', reason: 'no proof' },
    };
  }

  it('of SASL go back and forth before anything else', () => {
    const rig = new MachineRig({}, undefined, exchange).start().connect();
    const get = rig.get('/a');
    rig.endTurn();
    expect(rig.sent).toMatchObject([{ opcode: OpCode.sasl }]);
    rig.reply(rig.lastSent.xid, { zxid: 0n, body: token(utf8Bytes('challenge')) });
    expect(rig.sent).toMatchObject([{ opcode: OpCode.sasl }, { opcode: OpCode.sasl }]);
    rig.reply(rig.lastSent.xid, { zxid: 0n, body: token(utf8Bytes('proof')) });
    expect(rig.states).toEqual(['connected']);
    expect(rig.lastSent.xid).toBe(get.xid);
  });

  it.each([
    ['the server refuses', { err: ErrorCode.AUTHFAILED, body: token(new Uint8Array(0)) }],
    ['the server proves nothing', { body: token(utf8Bytes('rubbish')) }],
  ])('of SASL end the client when %s', (_why, reply) => {
    const rig = new MachineRig({}, undefined, exchange).start().connect();
    rig.endTurn().reply(rig.lastSent.xid, reply);
    expect(rig.states).toEqual(['authFailed']);
  });
});

describe('read-only servers', () => {
  const servers = [
    { host: 'ro', port: 1 },
    { host: 'rw', port: 2 },
  ];

  it('are made do with, while one that takes writes is looked for', () => {
    const rig = new MachineRig({ readOnly: true }, servers).start().connect({ id: 5n, isReadOnly: true });
    expect(rig.handshake!.readOnly).toBe(true);
    expect(rig.states).toEqual(['readOnly']);
    rig.pass(100);
    expect(rig.calls.at(-1)).toBe('probe rw');
    rig.machine.probed(servers[1]!, false);
    rig.pass(199);
    expect(rig.calls.filter((call) => call === 'probe rw')).toHaveLength(1);
    rig.pass(1);
    expect(rig.calls.filter((call) => call === 'probe rw')).toHaveLength(2);
    rig.machine.probed(servers[1]!, true);
    expect(rig.states).toEqual(['readOnly', 'suspended']);
    rig.connect({ id: 6n });
    expect(rig.calls).toContain('resolve rw');
    expect(rig.handshake!.sessionId).toBe(0n);
    expect(rig.states).toEqual(['readOnly', 'suspended', 'connected']);
  });

  it('do not make a session forgotten that the ensemble knows', () => {
    const rig = new MachineRig({ readOnly: true }, servers).start().connect({ id: 7n });
    rig.close().connect({ id: 7n });
    expect(rig.handshake!.sessionId).toBe(7n);
    expect(rig.states.at(-1)).toBe('reconnected');
  });
});
