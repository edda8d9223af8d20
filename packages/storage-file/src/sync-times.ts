import type { SyncStats } from '@zk/contracts';

/** So many of the latest are kept for the median: at full speed a second's worth. */
const LATEST = 256;

/** How long syncs have taken. */
export class SyncTimes {
  readonly #slowMs: number;
  readonly #latestMs = new Float64Array(LATEST);
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
      medianMs: this.#medianMs(),
      slow: this.#slow,
    };
  }

  /** Counts a sync, and tells whether it was slow. */
  add(durationMs: number): boolean {
    if (this.#count === 0 || durationMs < this.#minMs) this.#minMs = durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
    this.#latestMs[this.#count++ % LATEST] = durationMs;
    this.#totalMs += durationMs;
    if (durationMs <= this.#slowMs) return false;
    this.#slow++;
    return true;
  }

  #medianMs(): number {
    const kept = this.#latestMs.slice(0, this.#count).sort();
    return kept[(kept.length - 1) >> 1] ?? NaN;
  }
}
