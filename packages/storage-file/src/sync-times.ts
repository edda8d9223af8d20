import type { SyncStats } from '@zk/contracts';

/** How long syncs have taken. */
export class SyncTimes {
  readonly #slowMs: number;
  #count = 0;
  #totalMs = 0;
  #minMs = 0;
  #maxMs = 0;
  #slow = 0;

  /** @param slowMs what takes longer is slow */
  constructor(slowMs: number) {
    this.#slowMs = slowMs;
  }

  get stats(): SyncStats {
    return {
      count: this.#count,
      totalMs: this.#totalMs,
      minMs: this.#minMs,
      maxMs: this.#maxMs,
      slow: this.#slow,
    };
  }

  /** Counts a sync, and tells whether it was slow. */
  add(durationMs: number): boolean {
    if (this.#count === 0 || durationMs < this.#minMs) this.#minMs = durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
    this.#count++;
    this.#totalMs += durationMs;
    if (durationMs <= this.#slowMs) return false;
    this.#slow++;
    return true;
  }
}
