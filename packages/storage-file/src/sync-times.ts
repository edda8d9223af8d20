import type { BatchStats, SyncStats } from '@zk/contracts';

/** So many of the latest are kept for the median: at full speed a second's worth. */
const LATEST = 256;

/** How long syncs have taken, and how much each of them took with it. */
export class SyncTimes {
  readonly #slowMs: number;
  readonly #durationsMs = new Tally();
  readonly #batches = new Tally();
  #slow = 0;

  /** @param slowMs what takes longer is slow */
  constructor(slowMs: number) {
    this.#slowMs = slowMs;
  }

  get stats(): SyncStats {
    const { count, sum, min, max, median } = this.#durationsMs.stats;
    const batches = this.#batches.stats;
    return { count, totalMs: sum, minMs: min, maxMs: max, medianMs: median, slow: this.#slow, batches };
  }

  /** So many entries were written, and synced where syncs are made. */
  addBatch(entries: number): void {
    this.#batches.add(entries);
  }

  /** Counts a sync, and tells whether it was slow. */
  add(durationMs: number): boolean {
    this.#durationsMs.add(durationMs);
    if (durationMs <= this.#slowMs) return false;
    this.#slow++;
    return true;
  }
}

/** Count, sum and extremes of all values, and the median of the latest. */
class Tally {
  readonly #latest = new Float64Array(LATEST);
  #count = 0;
  #sum = 0;
  #min = 0;
  #max = 0;

  get stats(): BatchStats {
    const kept = this.#latest.slice(0, this.#count).sort();
    const median = kept[(kept.length - 1) >> 1] ?? NaN;
    return { count: this.#count, sum: this.#sum, min: this.#min, max: this.#max, median };
  }

  add(value: number): void {
    if (this.#count === 0 || value < this.#min) this.#min = value;
    if (this.#count === 0 || value > this.#max) this.#max = value;
    this.#latest[this.#count++ % LATEST] = value;
    this.#sum += value;
  }
}
