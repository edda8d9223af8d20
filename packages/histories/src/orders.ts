/** What has to be in order: transactions in real time, replies within a session, watches before data. */
import { hex } from './text.js';

/** An acknowledged write of any kind; `endMs` is when its reply came. */
export interface AcknowledgedWrite {
  readonly what: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly zxid: bigint;
}

/**
 * A write that began after another was acknowledged has the larger zxid, and no two share one. What a deposed leader
 * acknowledges after its successor did breaks this.
 */
export function checkRealTimeOrder(writes: readonly AcknowledgedWrite[]): string[] {
  const problems: string[] = [];
  const byZxid = new Map<bigint, AcknowledgedWrite>();
  for (const write of writes) {
    const other = byZxid.get(write.zxid);
    if (other !== undefined) problems.push(`${write.what} and ${other.what} share zxid ${hex(write.zxid)}`);
    byZxid.set(write.zxid, write);
  }
  const ended = [...writes].sort((a, b) => a.endMs - b.endMs);
  let next = 0;
  let newest: AcknowledgedWrite | undefined;
  for (const write of [...writes].sort((a, b) => a.startMs - b.startMs)) {
    for (; ended[next] !== undefined && ended[next]!.endMs < write.startMs; next++) {
      if (newest === undefined || ended[next]!.zxid > newest.zxid) newest = ended[next]!;
    }
    if (newest !== undefined && newest.zxid > write.zxid) {
      problems.push(
        `${write.what} (${hex(write.zxid)}) began at ${write.startMs.toFixed(1)} ms, ` +
          `after ${newest.what} (${hex(newest.zxid)}) was acknowledged at ${newest.endMs.toFixed(1)} ms`,
      );
    }
  }
  return problems;
}

/** Something that a session saw. `order` grows with what came over its connections, one after the other. */
export type SessionEvent = { readonly session: bigint; readonly order: number } & (
  | { readonly what: 'reply'; readonly zxid: bigint }
  /** A znode as a reply showed it, or as its own write left it. */
  | { readonly what: 'seen'; readonly path: string; readonly mzxid: bigint }
  /** The reply that set a data watch. */
  | { readonly what: 'watched'; readonly path: string; readonly mzxid: bigint }
  | { readonly what: 'notified'; readonly path: string }
);

/** Zxids of replies never decrease, and no znode is seen older than before. */
export function checkSessionOrder(events: readonly SessionEvent[]): string[] {
  const problems: string[] = [];
  const lastReply = new Map<bigint, bigint>();
  const lastSeen = new Map<string, bigint>();
  for (const event of inOrder(events)) {
    if (event.what === 'reply') {
      const last = lastReply.get(event.session) ?? 0n;
      if (event.zxid < last) problems.push(`${name(event)} gets ${hex(event.zxid)} after ${hex(last)}`);
      else lastReply.set(event.session, event.zxid);
    } else if (event.what !== 'notified') {
      const key = `${event.session} ${event.path}`;
      const last = lastSeen.get(key) ?? 0n;
      const { path, mzxid } = event;
      if (mzxid < last) problems.push(`${name(event)} sees ${path} of ${hex(mzxid)} after that of ${hex(last)}`);
      else lastSeen.set(key, mzxid);
    }
  }
  return problems;
}

/** Who watches a znode is told of the change before anything shows it. */
export function checkWatches(events: readonly SessionEvent[]): string[] {
  const problems: string[] = [];
  const armed = new Map<string, bigint>();
  for (const event of inOrder(events)) {
    if (event.what === 'reply') continue;
    const key = `${event.session} ${event.path}`;
    if (event.what === 'notified') {
      armed.delete(key);
      continue;
    }
    const since = armed.get(key);
    if (since !== undefined && event.mzxid > since) {
      const change = `${event.path} of ${hex(event.mzxid)}`;
      problems.push(`${name(event)} sees ${change}, watches it since ${hex(since)}, and was not notified`);
      armed.delete(key);
    }
    if (event.what === 'watched') armed.set(key, event.mzxid);
  }
  return problems;
}

/** Events are noted when somebody gets to it; of one message, first what it says and then what follows from it. */
function inOrder(events: readonly SessionEvent[]): SessionEvent[] {
  return [...events].sort((a, b) => a.order - b.order);
}

function name(event: SessionEvent): string {
  return `session ${hex(event.session)}`;
}
