import type { Clock, Logger, Storage } from '@zk/contracts';
import type { ContainerManager } from './container-manager.js';
import type { Database } from './database.js';
import type { Snapshotter } from './snapshotter.js';
import type { Timers } from './timers.js';

export interface UpkeepOptions {
  readonly tickTimeMs: number;
  readonly containerCheckIntervalMs: number;
  readonly purgeIntervalHours: number;
  readonly snapRetainCount: number;
}

export interface UpkeepParts {
  readonly storage: Pick<Storage, 'purge'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What upkeep asks of the server. */
export interface UpkeepHost {
  /** Opens a turn if none is open. */
  turnNow(): number;
  /** When the next session can expire, in monotonic ms. */
  readonly nextExpiryMs: number;
  readonly database: Pick<Database, 'loadReport'>;
  readonly snapshotter: Pick<Snapshotter, 'take'>;
  /** Ends sessions and connections whose time is over. */
  expireDue(nowMs: number): void;
}

const HOUR_MS = 3_600_000;

/** Everything that happens because time passes: expiry, containers and TTL nodes, purging; and the first purge is at once. */
export class Upkeep {
  constructor(
    private readonly host: UpkeepHost,
    private readonly containers: ContainerManager,
    private readonly timers: Timers,
    private readonly parts: UpkeepParts,
    private readonly options: UpkeepOptions,
  ) {}

  start(): void {
    this.scheduleExpiry();
    this.timers.every(this.options.containerCheckIntervalMs, () => {
      this.containers.check((delayMs, submit) => {
        this.timers.after(delayMs, () => {
          this.host.turnNow();
          submit();
        });
      });
    });
    const mended = this.mend();
    if (!(this.options.purgeIntervalHours > 0)) return;
    this.timers.every(this.options.purgeIntervalHours * HOUR_MS, () => void this.purge());
    void mended.then(() => this.purge());
  }

  /**
   * Where snapshots were damaged, the state hangs by an older one and all the log behind it: a new one is taken at once. Not
   * in an ensemble, where nothing is known yet to be for good: a purge leaves the older one alone until its turn has come.
   */
  private async mend(): Promise<void> {
    if ((this.host.database.loadReport?.passedOver ?? 0) > 0) await this.host.snapshotter.take();
  }

  private scheduleExpiry(): void {
    const untilNextMs = this.host.nextExpiryMs - this.parts.clock.monotonicMs();
    this.timers.after(Math.min(Math.max(untilNextMs, 1), this.options.tickTimeMs), () => {
      // At the end of the turn: a server that was held up must first read what its clients did send in time.
      this.timers.atTurnEnd(() => {
        this.host.turnNow();
        this.host.expireDue(this.parts.clock.monotonicMs());
        this.scheduleExpiry();
      });
    });
  }

  private async purge(): Promise<void> {
    try {
      await this.parts.storage.purge(this.options.snapRetainCount);
    } catch (error) {
      this.parts.logger.warn({ err: error }, 'old snapshots and logs could not be purged');
    }
  }
}
