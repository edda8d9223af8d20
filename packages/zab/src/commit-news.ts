import type { QuorumPacket } from '@zk/jute';
import type { ServerId } from '@zk/quorum';
import type { LearnerLink } from './learner-link.js';
import type { LogEntry } from './log-entry.js';
import { packets } from './packets.js';
import type { PeerContext } from './peer-context.js';

interface Committed {
  readonly entry: LogEntry;
  readonly designated: ServerId | undefined;
}

/** What a leader has committed in one step: told to its learners at once, and made into packets once for all of them. */
export class CommitNews {
  private committed: Committed[] = [];

  /** @param designated who leads from here on, where the transaction is a new configuration */
  add(entry: LogEntry, designated: ServerId | undefined): void {
    this.committed.push({ entry, designated });
  }

  /** Followers have the transactions, observers get them now. */
  tell(context: PeerContext, learners: Iterable<LearnerLink>): void {
    const { committed } = this;
    if (committed.length === 0) return;
    this.committed = [];
    let commits: readonly QuorumPacket[] | undefined;
    let informs: readonly QuorumPacket[] | undefined;
    for (const { link, isForwarding, isObserver } of learners) {
      if (!isForwarding) continue;
      context.sendAll(link, isObserver ? (informs ??= committed.map(informOf)) : (commits ??= committed.map(commitOf)));
    }
  }
}

function commitOf({ entry, designated }: Committed): QuorumPacket {
  return packets.commit(entry.zxid, designated);
}

function informOf({ entry, designated }: Committed): QuorumPacket {
  return packets.inform(entry.zxid, entry.txn, designated);
}
