import type { Logger, Scheduler } from '@zk/contracts';
import { type Zxid, hex64 } from '@zk/model';
import type { LinkId, PeerInput } from '@zk/zab';
import type { PeerDisk } from './peer-disk.js';
import type { QuorumNetwork } from './quorum-network.js';

/** Of the log, for a learner that does not take it yet; more is read when it does. */
const MAX_UNSENT_BYTES = 8 << 20;
const UNSENT_PAUSE_MS = 5;

export interface LogFeedParts {
  readonly disk: Pick<PeerDisk, 'read'>;
  readonly quorum: Pick<QuorumNetwork, 'unsentBytes' | 'isOpen'>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/**
 * Reads the log for learners that a leader brings up to date: in pieces, each in a turn of its own, and no faster than the
 * learner takes them.
 */
export class LogFeed {
  constructor(
    private readonly parts: LogFeedParts,
    private readonly give: (input: Extract<PeerInput, { kind: 'log-entries' | 'log-unavailable' }>) => void,
  ) {}

  /** Gives the entries from the last one at or before `after`, up to `upTo`, or says that they cannot be had. */
  async read(link: LinkId, after: Zxid, upTo: Zxid): Promise<void> {
    try {
      const pieces = await this.parts.disk.read(after, upTo);
      if (pieces === undefined) return this.give({ kind: 'log-unavailable', link });
      for await (const entries of pieces) {
        if (!(await this.hasRoom(link))) return;
        this.give({ kind: 'log-entries', link, entries, isLast: false });
        await new Promise<void>((resolve) => this.parts.scheduler.atTurnEnd(resolve));
      }
      this.give({ kind: 'log-entries', link, entries: [], isLast: true });
    } catch (error) {
      this.parts.logger.warn({ after: `0x${hex64(after)}`, err: error }, 'the log cannot be read for a learner');
      this.give({ kind: 'log-unavailable', link });
    }
  }

  /** Resolves when a learner has taken most of what it was sent; false when it is gone. */
  private async hasRoom(link: LinkId): Promise<boolean> {
    while (this.parts.quorum.unsentBytes(link) > MAX_UNSENT_BYTES) {
      await new Promise<void>((resolve) => this.parts.scheduler.after(UNSENT_PAUSE_MS, resolve));
    }
    return this.parts.quorum.isOpen(link);
  }
}
