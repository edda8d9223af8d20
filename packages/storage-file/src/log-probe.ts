import type { Logger } from '@zk/contracts';

const LONGEST_DELAY_MS = 5000;

/** Asks a medium that has refused a write, with growing pauses, whether it takes writes again. */
export class LogProbe {
  readonly #probe: () => Promise<void>;
  readonly #onSuccess: () => void;
  readonly #firstDelayMs: number;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;
  #isStopped = false;

  /** @param probe rejects while the medium refuses */
  constructor(probe: () => Promise<void>, onSuccess: () => void, firstDelayMs: number, logger: Logger) {
    this.#probe = probe;
    this.#onSuccess = onSuccess;
    this.#firstDelayMs = firstDelayMs;
    this.#logger = logger;
  }

  start(): void {
    this.#probeAfter(this.#firstDelayMs);
  }

  /** Resolves when no probe is under way; none follows. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#probing;
  }

  #probeAfter(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#probing = this.#probeOnce(delayMs);
    }, delayMs);
    this.#timer.unref();
  }

  async #probeOnce(delayMs: number): Promise<void> {
    try {
      await this.#probe();
    } catch (error) {
      this.#logger.debug({ error, delayMs }, 'the log still refuses writes');
      this.#probeAfter(Math.min(delayMs * 2, LONGEST_DELAY_MS));
      return;
    }
    if (!this.#isStopped) this.#onSuccess();
  }
}
