import type { Clock, Logger } from '@zk/contracts';

const INTERVAL_MS = 1_000;

/** What the log says of refused connections: at most one line a second, for whoever is refused tries again at once. */
export class RefusalLog {
  private nextMs = -Infinity;
  /** Refusals since the last line that none tells of. */
  private suppressed = 0;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  refused(client: string, reason: string): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.nextMs) {
      this.suppressed++;
      return;
    }
    this.logger.warn(
      { client, reason, suppressed: this.suppressed },
      'refused a connection (see maxClientCnxns, maxCnxns)',
    );
    this.nextMs = nowMs + INTERVAL_MS;
    this.suppressed = 0;
  }
}
