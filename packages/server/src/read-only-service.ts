import type { Scheduler, Timer } from '@zk/contracts';
import type { EnsembleRole } from '@zk/ensemble';

/** Less than this, in ms, an election may take without anybody being offered less than a quorum. */
const MIN_DELAY_MS = 2000;

/**
 * When a server without a quorum offers what it has (spec: election, section 8): after it has looked for a leader for a
 * while, until it finds one.
 */
export class ReadOnlyService {
  private timer: Timer | undefined;
  private isOffered = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly tickTimeMs: number,
    private readonly begin: () => void,
    private readonly end: () => void,
  ) {}

  get isOn(): boolean {
    return this.isOffered;
  }

  roleChanged({ phase }: EnsembleRole): void {
    if (phase === 'election') {
      this.timer ??= this.scheduler.after(Math.max(MIN_DELAY_MS, this.tickTimeMs), () => this.offer());
    } else {
      this.stop();
    }
  }

  /** Idempotent. */
  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (!this.isOffered) return;
    this.isOffered = false;
    this.end();
  }

  private offer(): void {
    this.isOffered = true;
    this.begin();
  }
}
