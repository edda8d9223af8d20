import type { Scheduler, Timer } from '@zk/contracts';

/**
 * How long an observer's log may wait for its sync, in ms. What it would lose by a power failure it is told again, and no
 * acknowledgement waits for it; every sync it does without is one less for its disk and its processor.
 */
export const UNAWAITED_SYNC_MS = 20;

/** When the log is synced: at the end of the turn, or a while later when nobody waits for it. */
export class LogSyncs {
  private isPlanned = false;
  private unawaited: Timer | undefined;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly sync: () => void,
  ) {}

  /** Everything that this turn of the event loop brings is one batch. */
  atTurnEnd(): void {
    if (this.isPlanned) return;
    this.isPlanned = true;
    this.scheduler.atTurnEnd(() => {
      this.isPlanned = false;
      this.sync();
    });
  }

  /** Everything that the next {@link UNAWAITED_SYNC_MS} bring is one batch. */
  whenever(): void {
    this.unawaited ??= this.scheduler.after(UNAWAITED_SYNC_MS, () => {
      this.unawaited = undefined;
      this.sync();
    });
  }

  stop(): void {
    this.unawaited?.cancel();
  }
}
