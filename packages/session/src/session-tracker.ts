/**
 * Which sessions are alive, and until when.
 *
 * Time is cut into intervals of one tick. A session is filed in the bucket of the interval in which it would time out,
 * and expires with everybody else in that bucket when the interval has ended: never early, and at most one tick late
 * (spec: server semantics, section 10.2). So a touch costs one comparison as long as it lands in the same interval, and
 * two changes of links when it does not; finding out who has expired costs nothing per live session. A bucket is a list
 * through the sessions themselves, so nothing is allocated by touching.
 *
 * The tracker reads no clock: the caller says what time it is, on one clock that never goes back.
 */
import { ErrorCode } from '@zk/model';
import { SessionIdSource } from './session-ids.js';
import { Session } from './session.js';

export interface SessionTrackerOptions {
  /** Length of an expiry interval, in ms; above 0. */
  readonly tickTimeMs: number;
  /** Its low 8 bits lead every id; a standalone server is 1. */
  readonly serverId: number;
  /** Start time for the ids, in ms: see {@link SessionIdSource}. */
  readonly startMs: number;
  /**
   * A session has timed out: time to submit its closeSession. It is already marked as closing, and is kept until
   * {@link SessionTracker.remove}. May call the tracker.
   */
  readonly onExpire: (session: Session) => void;
}

/** Sessions that expire together. */
export interface SessionBucket {
  /** When, in monotonic ms. */
  readonly expiryMs: number;
  readonly sessions: readonly Session[];
}

export class SessionTracker {
  private readonly tickTimeMs: number;
  private readonly ids: SessionIdSource;
  private readonly onExpire: (session: Session) => void;
  /** Sessions by the lower word of the id; the few that share one are chained. */
  private readonly byLo = new Map<number, Session>();
  /** By number of the interval after whose end the sessions expire. */
  private readonly buckets = new Map<number, Bucket>();
  /** Emptied buckets, for reuse. */
  private readonly spare: Bucket[] = [];
  /** Sessions are filed under no earlier interval: those before it have been expired. */
  private nextInterval = -Infinity;
  private count = 0;

  constructor(options: SessionTrackerOptions) {
    if (!(options.tickTimeMs > 0)) throw new RangeError(`tickTimeMs must be above 0, got ${options.tickTimeMs}`);
    this.tickTimeMs = options.tickTimeMs;
    this.ids = new SessionIdSource(options.serverId, options.startMs);
    this.onExpire = options.onExpire;
  }

  /** Tracked sessions, closing ones included. */
  get size(): number {
    return this.count;
  }

  /** A session id nobody has had from this tracker, and no tracked session has. */
  allocate(): { readonly idHi: number; readonly idLo: number } {
    while (this.get(this.ids.hi, this.ids.lo) !== undefined) this.ids.advance();
    const id = { idHi: this.ids.hi, idLo: this.ids.lo };
    this.ids.advance();
    return id;
  }

  /**
   * Begins to track a session: a new one, or one read from disk, which gets a full timeout anew. A session that is
   * tracked already is touched and returned.
   */
  track(idHi: number, idLo: number, timeoutMs: number, nowMs: number): Session {
    const known = this.get(idHi, idLo);
    if (known !== undefined) {
      this.touch(known, timeoutMs, nowMs);
      return known;
    }
    const session = this.insert(idHi, idLo, timeoutMs);
    this.file(session, timeoutMs, nowMs);
    return session;
  }

  /**
   * Keeps a session that does not expire here: another server watches over its time. It is not to be touched, which would
   * let it expire here after all. A session that is tracked already is returned as it is.
   */
  keep(idHi: number, idLo: number, timeoutMs: number): Session {
    const known = this.get(idHi, idLo);
    if (known !== undefined) return known;
    const session = this.insert(idHi, idLo, timeoutMs);
    this.file(session, Infinity, 0);
    return session;
  }

  /** From now on another server watches over its time: see {@link keep}. */
  handOver(session: Session): void {
    this.unfile(session);
    this.file(session, Infinity, 0);
  }

  private insert(idHi: number, idLo: number, timeoutMs: number): Session {
    const session = new Session(idHi | 0, idLo | 0, timeoutMs);
    session.nextOfSameLo = this.byLo.get(session.idLo) ?? null;
    this.byLo.set(session.idLo, session);
    this.count++;
    return session;
  }

  get(idHi: number, idLo: number): Session | undefined {
    let session = this.byLo.get(idLo | 0) ?? null;
    while (session !== null && session.idHi !== (idHi | 0)) session = session.nextOfSameLo;
    return session ?? undefined;
  }

  /**
   * Gives the session another `timeoutMs` from now: the timeout its present connection negotiated, which may differ from
   * the one it was created with.
   * @returns false when it is closing or gone; the request that touched it is then dropped without a reply
   */
  touch(session: Session, timeoutMs: number, nowMs: number): boolean {
    const intoInterval = nowMs + timeoutMs - session.bucketStartMs;
    if (intoInterval >= 0 && intoInterval < this.tickTimeMs) return true;
    if (!session.isAlive) return false;
    this.unfile(session);
    this.file(session, timeoutMs, nowMs);
    return true;
  }

  /**
   * Whether `owner` may act for the session; the first one to ask becomes its owner
   * (spec: server semantics, section 10.4).
   * @returns OK, UNKNOWNSESSION, SESSIONEXPIRED (closing, or removed) or SESSIONMOVED (another owner)
   */
  check(session: Session | undefined, owner: object): number {
    if (session === undefined) return ErrorCode.UNKNOWNSESSION;
    if (!session.isAlive) return ErrorCode.SESSIONEXPIRED;
    if (session.owner === owner) return ErrorCode.OK;
    if (session.owner !== null) return ErrorCode.SESSIONMOVED;
    session.owner = owner;
    return ErrorCode.OK;
  }

  /**
   * A client came back to the session, through `owner`: touches it and moves it there.
   * @returns false when there is no such session or it is closing
   */
  reattach(session: Session | undefined, owner: object, timeoutMs: number, nowMs: number): boolean {
    if (session === undefined || !this.touch(session, timeoutMs, nowMs)) return false;
    session.owner = owner;
    return true;
  }

  /** A closeSession for it is being prepared: it no longer expires, and can be neither touched nor used. */
  setClosing(session: Session): void {
    this.unfile(session);
    session.isClosing = true;
  }

  /** The closeSession came to nothing (the log refused it): the session lives on, and will expire again if left alone. */
  undoClosing(session: Session, timeoutMs: number, nowMs: number): void {
    if (!session.isClosing || this.get(session.idHi, session.idLo) !== session) return;
    session.isClosing = false;
    this.file(session, timeoutMs, nowMs);
  }

  /** Its closeSession has been applied. Idempotent. */
  remove(session: Session): void {
    const first = this.byLo.get(session.idLo) ?? null;
    let before: Session | null = null;
    let here = first;
    while (here !== null && here !== session) {
      before = here;
      here = here.nextOfSameLo;
    }
    if (here === null) return;
    if (before !== null) before.nextOfSameLo = session.nextOfSameLo;
    else if (session.nextOfSameLo !== null) this.byLo.set(session.idLo, session.nextOfSameLo);
    else this.byLo.delete(session.idLo);
    session.nextOfSameLo = null;
    this.count--;
    this.unfile(session);
    session.isClosing = true;
  }

  /**
   * Marks every session whose time has come as closing and reports it, bucket by bucket in order of time. Call it after
   * the input that is already waiting has been read, lest a stalled server expire clients that did speak in time.
   */
  expire(nowMs: number): void {
    const firstLive = Math.floor(nowMs / this.tickTimeMs);
    if (firstLive > this.nextInterval) this.nextInterval = firstLive;
    const due = [...this.buckets.keys()].filter((interval) => interval < this.nextInterval).sort((a, b) => a - b);
    for (const interval of due) {
      const bucket = this.buckets.get(interval)!;
      while (bucket.first !== null) {
        const session = bucket.first;
        this.setClosing(session);
        this.onExpire(session);
      }
      this.buckets.delete(interval);
      this.spare.push(bucket);
    }
  }

  /** When the earliest bucket falls due, in monotonic ms; Infinity while no session can expire. */
  get nextExpiryMs(): number {
    let earliest = Infinity;
    for (const [interval, bucket] of this.buckets) {
      if (bucket.first !== null && interval < earliest) earliest = interval;
    }
    return (earliest + 1) * this.tickTimeMs;
  }

  /** Every tracked session, in no particular order. Sessions must not be tracked or removed meanwhile. */
  *sessions(): IterableIterator<Session> {
    for (const first of this.byLo.values()) {
      for (let session: Session | null = first; session !== null; session = session.nextOfSameLo) yield session;
    }
  }

  /** The buckets that hold sessions, earliest first. Closing sessions are in none. */
  bucketList(): readonly SessionBucket[] {
    const intervals = [...this.buckets.keys()].sort((a, b) => a - b);
    const list: SessionBucket[] = [];
    for (const interval of intervals) {
      const sessions: Session[] = [];
      for (let session = this.buckets.get(interval)!.first; session !== null; session = session.next) {
        sessions.push(session);
      }
      if (sessions.length > 0) list.push({ expiryMs: (interval + 1) * this.tickTimeMs, sessions });
    }
    return list;
  }

  private file(session: Session, timeoutMs: number, nowMs: number): void {
    const interval = Math.max(Math.floor((nowMs + timeoutMs) / this.tickTimeMs), this.nextInterval);
    let bucket = this.buckets.get(interval);
    if (bucket === undefined) {
      bucket = this.spare.pop() ?? new Bucket();
      this.buckets.set(interval, bucket);
    }
    session.bucketStartMs = interval * this.tickTimeMs;
    session.next = bucket.first;
    if (bucket.first !== null) bucket.first.previous = session;
    bucket.first = session;
  }

  private unfile(session: Session): void {
    if (!session.isAlive) return;
    if (session.previous !== null) session.previous.next = session.next;
    else this.buckets.get(Math.round(session.bucketStartMs / this.tickTimeMs))!.first = session.next;
    if (session.next !== null) session.next.previous = session.previous;
    session.previous = null;
    session.next = null;
    session.bucketStartMs = NaN;
  }
}

/** Sessions of one interval, as a doubly linked list through themselves. */
class Bucket {
  first: Session | null = null;
}
