import { ErrorCode, int64 } from '@zk/model';
import type { Session } from './session.js';
import { SessionTracker } from './session-tracker.js';

function build(tickTimeMs = 2000): { tracker: SessionTracker; expired: bigint[] } {
  const expired: bigint[] = [];
  const tracker = new SessionTracker({
    tickTimeMs,
    serverId: 1,
    startMs: 0x15374d,
    onExpire: (session) => expired.push(session.id),
  });
  return { tracker, expired };
}

function open(tracker: SessionTracker, timeoutMs: number, nowMs: number): Session {
  const { idHi, idLo } = tracker.allocate();
  return tracker.track(idHi, idLo, timeoutMs, nowMs);
}

describe('SessionTracker: expiry', () => {
  it('a session that speaks after its time, before anybody was expired, lives on', () => {
    const { tracker, expired } = build();
    const session = open(tracker, 4000, 100);
    expect(tracker.touch(session, 4000, 9500)).toBe(true);
    tracker.expire(9500);
    expect(expired).toEqual([]);
    expect(tracker.nextExpiryMs).toBe(14_000);
  });

  it.each([
    [0, 4000, 6000],
    [1, 4000, 6000],
    [1999, 4000, 6000],
    [1999.9, 4000, 6000],
    [2000, 4000, 8000],
    [500, 3500, 6000],
    [500, 3499, 4000],
    [123, 0, 2000],
  ])('a session touched at %d ms with a timeout of %d ms expires at %d ms', (nowMs, timeoutMs, expiryMs) => {
    const { tracker, expired } = build();
    open(tracker, timeoutMs, nowMs);
    expect(tracker.nextExpiryMs).toBe(expiryMs);
    tracker.expire(expiryMs - 0.001);
    expect(expired).toEqual([]);
    tracker.expire(expiryMs);
    expect(expired).toHaveLength(1);
  });

  it('a touch within the same interval changes nothing, one beyond it puts expiry off', () => {
    const { tracker, expired } = build();
    const session = open(tracker, 4000, 100);
    expect(tracker.touch(session, 4000, 1900)).toBe(true);
    expect(tracker.nextExpiryMs).toBe(6000);
    expect(tracker.touch(session, 4000, 2000)).toBe(true);
    expect(tracker.nextExpiryMs).toBe(8000);
    tracker.expire(6000);
    expect(expired).toEqual([]);
  });

  it('a touch with a shorter timeout brings expiry forward', () => {
    const { tracker } = build();
    const session = open(tracker, 40_000, 0);
    tracker.touch(session, 4000, 0);
    expect(tracker.nextExpiryMs).toBe(6000);
    expect(session.timeoutMs).toBe(40_000);
  });

  it('an expired session is closing, reported once, and kept until it is removed', () => {
    const { tracker, expired } = build();
    const session = open(tracker, 4000, 0);
    tracker.expire(6000);
    tracker.expire(60_000);
    expect(expired).toEqual([session.id]);
    expect(session.isClosing).toBe(true);
    expect(tracker.get(session.idHi, session.idLo)).toBe(session);
    expect(tracker.touch(session, 4000, 6000)).toBe(false);
    tracker.remove(session);
    expect(tracker.get(session.idHi, session.idLo)).toBeUndefined();
    expect(tracker.size).toBe(0);
  });

  it('five thousand sessions expire together, buckets in order of time', () => {
    const { tracker, expired } = build();
    const late = Array.from({ length: 5000 }, () => open(tracker, 10_000, 0).id);
    const early = Array.from({ length: 5000 }, () => open(tracker, 4000, 0).id);
    tracker.expire(100_000);
    expect(expired).toHaveLength(10_000);
    expect(new Set(expired.slice(0, 5000))).toEqual(new Set(early));
    expect(new Set(expired.slice(5000))).toEqual(new Set(late));
    expect(tracker.nextExpiryMs).toBe(Infinity);
  });

  it('a session that is closed or touched while its bucket expires is not reported twice or wrongly', () => {
    const expired: Session[] = [];
    const tracker: SessionTracker = new SessionTracker({
      tickTimeMs: 2000,
      serverId: 1,
      startMs: 1,
      onExpire: (session) => {
        expired.push(session);
        for (const other of sessions) if (other !== session) tracker.touch(other, 4000, 6000);
        tracker.remove(session);
      },
    });
    const sessions = [open(tracker, 4000, 0), open(tracker, 4000, 0), open(tracker, 4000, 0)];
    tracker.expire(6000);
    expect(expired).toHaveLength(1);
    expect(tracker.size).toBe(2);
    expect(tracker.nextExpiryMs).toBe(12_000);
  });

  it('what onExpire throws reaches the caller, and the rest expires at the next call', () => {
    let isFirst = true;
    const expired: bigint[] = [];
    const tracker = new SessionTracker({
      tickTimeMs: 10,
      serverId: 1,
      startMs: 1,
      onExpire: (session) => {
        if (isFirst) {
          isFirst = false;
          throw new Error('the pipeline is full');
        }
        expired.push(session.id);
      },
    });
    for (let i = 0; i < 3; i++) open(tracker, 10, 0);
    expect(() => tracker.expire(50)).toThrow('the pipeline is full');
    tracker.expire(50);
    expect(expired).toHaveLength(2);
  });

  it('a timeout that would lie in the past is due at the end of the running interval', () => {
    const { tracker, expired } = build();
    tracker.expire(10_500);
    open(tracker, -50_000, 10_500);
    expect(tracker.nextExpiryMs).toBe(12_000);
    tracker.expire(12_000);
    expect(expired).toHaveLength(1);
  });

  it.each([0, -1, NaN])('a tick of %d ms is refused', (tickTimeMs) => {
    expect(() => build(tickTimeMs)).toThrow(RangeError);
  });
});

describe('SessionTracker: closing', () => {
  it('a closing session neither expires nor can be touched or used', () => {
    const { tracker, expired } = build();
    const session = open(tracker, 4000, 0);
    tracker.setClosing(session);
    tracker.expire(60_000);
    expect(expired).toEqual([]);
    expect(tracker.touch(session, 4000, 0)).toBe(false);
    expect(tracker.check(session, {})).toBe(ErrorCode.SESSIONEXPIRED);
    expect(tracker.reattach(session, {}, 4000, 0)).toBe(false);
    expect(tracker.track(session.idHi, session.idLo, 4000, 0)).toBe(session);
    expect(session.isClosing).toBe(true);
  });

  it('lives on, and expires again, when its closing came to nothing', () => {
    const { tracker, expired } = build();
    const session = open(tracker, 4000, 0);
    tracker.expire(6000);
    tracker.undoClosing(session, 4000, 6000);
    expect(session.isClosing).toBe(false);
    expect(tracker.check(session, {})).toBe(ErrorCode.OK);
    tracker.expire(12_000);
    expect(expired).toEqual([session.id, session.id]);
  });

  it('undoing changes nothing for a session that is alive or gone', () => {
    const { tracker } = build();
    const session = open(tracker, 4000, 0);
    tracker.undoClosing(session, 40_000, 0);
    expect(tracker.nextExpiryMs).toBe(6000);
    tracker.remove(session);
    tracker.undoClosing(session, 4000, 0);
    expect(tracker.nextExpiryMs).toBe(Infinity);
    expect(tracker.check(session, {})).toBe(ErrorCode.SESSIONEXPIRED);
  });

  it('removing twice is removing once', () => {
    const { tracker } = build();
    const [a, b] = [open(tracker, 4000, 0), open(tracker, 4000, 0)];
    tracker.remove(a);
    tracker.remove(a);
    expect(tracker.size).toBe(1);
    expect([...tracker.sessions()]).toEqual([b]);
  });
});

describe('SessionTracker: ownership', () => {
  const [here, there] = [{ server: 1 }, { server: 2 }];

  it('belongs to the first who asks, until somebody else reattaches', () => {
    const { tracker } = build();
    const session = open(tracker, 4000, 0);
    expect(tracker.check(session, here)).toBe(ErrorCode.OK);
    expect(tracker.check(session, here)).toBe(ErrorCode.OK);
    expect(tracker.check(session, there)).toBe(ErrorCode.SESSIONMOVED);
    expect(tracker.reattach(session, there, 4000, 3000)).toBe(true);
    expect(tracker.nextExpiryMs).toBe(8000);
    expect(tracker.check(session, here)).toBe(ErrorCode.SESSIONMOVED);
    expect(tracker.check(session, there)).toBe(ErrorCode.OK);
  });

  it('says UNKNOWNSESSION where there is none', () => {
    const { tracker } = build();
    expect(tracker.check(tracker.get(5, 5), here)).toBe(ErrorCode.UNKNOWNSESSION);
    expect(tracker.reattach(undefined, here, 4000, 0)).toBe(false);
  });
});

describe('SessionTracker: ids and look-up', () => {
  it('allocates ids in a row', () => {
    const { tracker } = build();
    const ids = [1, 2, 3].map(() => tracker.allocate()).map(({ idHi, idLo }) => int64(idHi, idLo));
    expect(ids).toEqual([0x1000015374d0000n, 0x1000015374d0001n, 0x1000015374d0002n]);
  });

  it('passes over ids that sessions from disk already have', () => {
    const { tracker } = build();
    const { idHi, idLo } = tracker.allocate();
    tracker.track(idHi, idLo + 1, 4000, 0);
    tracker.track(idHi, idLo + 2, 4000, 0);
    expect(tracker.allocate().idLo).toBe(idLo + 3);
  });

  it('tells apart ids that differ in the upper word only', () => {
    const { tracker } = build();
    const [a, b, c] = [1, 2, -0x80000000].map((hi) => tracker.track(hi, 7, 4000, 0)) as [Session, Session, Session];
    expect([1, 2, -0x80000000].map((hi) => tracker.get(hi, 7))).toEqual([a, b, c]);
    expect(tracker.get(3, 7)).toBeUndefined();
    tracker.remove(b);
    expect([1, 2, -0x80000000].map((hi) => tracker.get(hi, 7))).toEqual([a, undefined, c]);
    tracker.remove(c);
    tracker.remove(a);
    expect(tracker.size).toBe(0);
    expect(tracker.get(1, 7)).toBeUndefined();
  });

  it('takes words signed or unsigned', () => {
    const { tracker } = build();
    const session = tracker.track(0x80000001, 0xffffffff, 4000, 0);
    expect(session.id).toBe(-0x7ffffffe00000001n);
    expect(tracker.get(0x80000001 | 0, -1)).toBe(session);
  });

  it('tracking what is tracked touches it', () => {
    const { tracker } = build();
    const session = tracker.track(1, 1, 4000, 0);
    expect(tracker.track(1, 1, 10_000, 0)).toBe(session);
    expect(session.timeoutMs).toBe(4000);
    expect(tracker.nextExpiryMs).toBe(12_000);
  });

  it('lists its buckets, earliest first, without closing sessions and empty buckets', () => {
    const { tracker } = build();
    const a = open(tracker, 10_000, 0);
    const b = open(tracker, 4000, 0);
    const c = open(tracker, 4000, 0);
    tracker.setClosing(open(tracker, 4000, 0));
    tracker.touch(open(tracker, 20_000, 0), 4000, 0);
    const list = tracker.bucketList();
    expect(list.map(({ expiryMs, sessions }) => [expiryMs, sessions.length])).toEqual([
      [6000, 3],
      [12_000, 1],
    ]);
    expect(list[0]!.sessions).toEqual(expect.arrayContaining([b, c]));
    expect(list[1]!.sessions).toEqual([a]);
  });
});

describe('SessionTracker: sessions over whose time another server watches', () => {
  it('a kept session does not expire, and is closed and removed like any other', () => {
    const { tracker, expired } = build();
    const session = tracker.keep(0x0100_0000, 7, 4000);
    expect(session).toMatchObject({ id: 0x0100_0000_0000_0007n, timeoutMs: 4000, isLocal: false, isAlive: true });
    expect(tracker.nextExpiryMs).toBe(Infinity);
    tracker.expire(1e12);
    expect(expired).toEqual([]);
    tracker.setClosing(session);
    expect(session.isAlive).toBe(false);
    tracker.remove(session);
    expect(tracker.size).toBe(0);
  });

  it('keeping what is tracked already leaves it as it is', () => {
    const { tracker, expired } = build();
    const session = open(tracker, 4000, 0);
    expect(tracker.keep(session.idHi, session.idLo, 9000)).toBe(session);
    expect(tracker.size).toBe(1);
    tracker.expire(6000);
    expect(expired).toEqual([session.id]);
  });

  it('a session that is handed over leaves its bucket to the others, and expires no more', () => {
    const { tracker, expired } = build();
    const [first, handedOver, last] = [open(tracker, 4000, 0), open(tracker, 4000, 0), open(tracker, 4000, 0)];
    tracker.handOver(handedOver);
    expect(handedOver.isAlive).toBe(true);
    tracker.expire(1e12);
    expect(new Set(expired)).toEqual(new Set([first.id, last.id]));
    expect(handedOver.isClosing).toBe(false);
  });
});
