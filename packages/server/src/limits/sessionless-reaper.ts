export interface SessionlessReaperOptions {
  /** `zookeeper.nio.sessionlessCnxnTimeout`; 0 or less turns the reaper off. */
  readonly timeoutMs: number;
  /** Deadlines are rounded up to a multiple of this, so that one call expires many connections. */
  readonly bucketMs: number;
}

export const DEFAULT_SESSIONLESS_REAPER: SessionlessReaperOptions = { timeoutMs: 10_000, bucketMs: 1_000 };

/**
 * Finds connections that never opened a session (spec: client protocol, section 1.2).
 *
 * All wait equally long, so the order in which they came is the order in which they are due: a `Map` keeps exactly
 * that, entering and leaving cost the same for one connection as for ten thousand, and expiry looks at the front only.
 * Unlike Apache ZooKeeper's, the deadline does not move when bytes arrive: a client that sends its ConnectRequest a
 * byte at a time has no longer than the rest.
 */
export class SessionlessReaper<Connection> {
  private readonly options: SessionlessReaperOptions;
  private readonly deadlines = new Map<Connection, number>();

  constructor(
    private readonly onExpire: (connection: Connection) => void,
    options: Partial<SessionlessReaperOptions> = {},
  ) {
    this.options = { ...DEFAULT_SESSIONLESS_REAPER, ...options };
  }

  /** Connections without a session. */
  get size(): number {
    return this.deadlines.size;
  }

  /** When {@link expire} next has something to do, in monotonic milliseconds; Infinity while nobody waits. */
  get nextExpiryMs(): number {
    for (const deadlineMs of this.deadlines.values()) return deadlineMs;
    return Infinity;
  }

  /** Starts the time of a connection, unless it runs already. `nowMs` never goes back from one call to the next. */
  add(connection: Connection, nowMs: number): void {
    const { timeoutMs, bucketMs } = this.options;
    if (timeoutMs <= 0 || this.deadlines.has(connection)) return;
    this.deadlines.set(connection, Math.ceil((nowMs + timeoutMs) / bucketMs) * bucketMs);
  }

  /** The connection has a session now, or is gone. Idempotent. */
  remove(connection: Connection): void {
    this.deadlines.delete(connection);
  }

  /** Hands over, and forgets, every connection that is due; returns how many there were. */
  expire(nowMs: number): number {
    let count = 0;
    for (const [connection, deadlineMs] of this.deadlines) {
      if (deadlineMs > nowMs) break;
      this.deadlines.delete(connection);
      this.onExpire(connection);
      count++;
    }
    return count;
  }
}
