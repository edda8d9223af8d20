import type { Logger, Timer } from '@zk/contracts';
import type { StorageScheduler } from './machine-time.js';

const LONGEST_DELAY_MS = 5000;

export interface LogProbeOptions {
  /** The pause before the first probe; the pauses double up to 5 s. */
  readonly firstProbeDelayMs: number;
  readonly scheduler: StorageScheduler;
  readonly logger: Logger;
}

/** Asks a medium that has refused a write, with growing pauses, whether it takes writes again. */
export class LogProbe {
  readonly #probe: () => Promise<void>;
  readonly #onSuccess: () => void;
  readonly #options: LogProbeOptions;
  #timer: Timer | undefined;
  #probing: Promise<void> | undefined;
  #isStopped = false;

  /** @param probe rejects while the medium refuses */
  constructor(probe: () => Promise<void>, onSuccess: () => void, options: LogProbeOptions) {
    this.#probe = probe;
    this.#onSuccess = onSuccess;
    this.#options = options;
  }

  start(): void {
    this.#probeAfter(this.#options.firstProbeDelayMs);
  }

  /** Resolves when no probe is under way; none follows. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#probing;
  }

  #probeAfter(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.scheduler.after(delayMs, () => {
      this.#probing = this.#probeOnce(delayMs);
    });
  }

  async #probeOnce(delayMs: number): Promise<void> {
    try {
      await this.#probe();
    } catch (error) {
      this.#options.logger.debug({ error, delayMs }, 'the log still refuses writes');
      this.#probeAfter(Math.min(delayMs * 2, LONGEST_DELAY_MS));
      return;
    }
    if (!this.#isStopped) this.#onSuccess();
  }
}
