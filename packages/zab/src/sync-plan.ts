import { type Zxid, epochOf } from '@zk/model';
import { type LogEntry, isEpochStart } from './log-entry.js';
import type { RecentEntries } from './recent-entries.js';

/**
 * How a leader brings a learner to its own history (spec: learner protocol, section 5). The learner says what its last
 * zxid is. If the leader remembers that transaction, it sends what came after it: DIFF. If the learner's last one is
 * unknown to the leader, the learner has something that was never committed: TRUNC takes it back to the last one they
 * share. If the leader cannot tell, it sends everything: SNAP.
 */
export type SyncPlan =
  | {
      readonly mode: 'diff' | 'trunc';
      readonly zxid: Zxid;
      /** Where to go on in the recent entries. */ readonly from: number;
    }
  /** The learner is behind what the leader has in memory: look into the log, from `after` up to `upTo`. */
  | { readonly mode: 'log'; readonly after: Zxid; readonly upTo: Zxid }
  | { readonly mode: 'snap' };

/** A plan whose first packet says where the learner and the leader part. */
export type SyncStart = Extract<SyncPlan, { mode: 'diff' | 'trunc' }>;

/** @param last what the leader's state is called: its last transaction, or the start of its epoch */
export function planSync(learnerLast: Zxid, last: Zxid, recent: RecentEntries): SyncPlan {
  const min = recent.first?.zxid ?? last;
  const max = recent.last?.zxid ?? last;
  if (learnerLast === last) return { mode: 'diff', zxid: last, from: recent.length };
  if (learnerLast > max && !isEpochStart(learnerLast)) return { mode: 'trunc', zxid: max, from: recent.length };
  if (learnerLast >= min && learnerLast <= max && recent.length > 0) {
    const index = recent.indexFrom(learnerLast);
    const previous = index === 0 ? undefined : recent.at(index - 1);
    return startOfWalk(learnerLast, previous, recent.at(index), max, index);
  }
  if (learnerLast < min) return { mode: 'log', after: learnerLast, upTo: min };
  return { mode: 'snap' };
}

/**
 * What the first packet is, once two neighbours in the history are known between which the learner's last zxid lies, or
 * the second of which it is.
 */
function startOfWalk(
  learnerLast: Zxid,
  previous: LogEntry | undefined,
  next: LogEntry,
  max: Zxid,
  index: number,
): SyncPlan {
  if (next.zxid === learnerLast) return { mode: 'diff', zxid: max, from: index + 1 };
  if (isEpochStart(learnerLast)) return { mode: 'diff', zxid: max, from: index };
  // No TRUNC across epochs: what the learner has after `previous` may be of an epoch the leader never saw.
  if (previous === undefined || epochOf(next.zxid) !== epochOf(learnerLast)) return { mode: 'snap' };
  return { mode: 'trunc', zxid: previous.zxid, from: index };
}

/**
 * The same walk over entries that come from the log in pieces. The first entry read must not lie after the learner's last
 * zxid, or the log does not reach back far enough.
 */
export class LogWalk {
  private previous: LogEntry | undefined;
  private isDecided = false;
  private lastRead: Zxid | undefined;

  constructor(private readonly learnerLast: Zxid) {}

  /** The last zxid that the learner knows after everything queued so far. */
  get reached(): Zxid | undefined {
    return this.isDecided ? this.lastRead : undefined;
  }

  /** The first packet, when it became known in this piece, and what to send after it; or that only SNAP helps. */
  feed(entries: readonly LogEntry[], max: Zxid): { start?: SyncStart; entries: readonly LogEntry[] } | 'snap' {
    if (this.isDecided) {
      // A second look into the log begins with the entry that the first one ended with.
      const from = this.lastRead!;
      const later = entries.filter((entry) => entry.zxid > from);
      this.lastRead = later[later.length - 1]?.zxid ?? from;
      return { entries: later };
    }
    const index = entries.findIndex((entry) => entry.zxid >= this.learnerLast);
    if (index < 0) {
      this.previous = entries[entries.length - 1] ?? this.previous;
      return { entries: [] };
    }
    const next = entries[index]!;
    const previous = index === 0 ? this.previous : entries[index - 1];
    if (previous === undefined && next.zxid !== this.learnerLast) return 'snap';
    const start = startOfWalk(this.learnerLast, previous, next, max, index);
    if (start.mode !== 'diff' && start.mode !== 'trunc') return 'snap';
    this.isDecided = true;
    this.lastRead = entries[entries.length - 1]!.zxid;
    return { start, entries: entries.slice(start.from) };
  }
}
