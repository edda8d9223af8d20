import type { Clock, Logger } from '@zk/contracts';
import type { LimitExceeded } from '@zk/data-tree';

const INTERVAL_MS = 60_000;

/** What the log says of soft quotas: at most one line a minute, for a client that is over its quota keeps on writing. */
export class QuotaWarnings {
  private nextMs = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  exceeded({ path, what, value, limit }: LimitExceeded): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.nextMs) return;
    this.nextMs = nowMs + INTERVAL_MS;
    this.logger.warn({ quota: path, what, value, limit }, 'a soft quota is exceeded');
  }
}
