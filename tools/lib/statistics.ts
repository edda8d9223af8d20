/** Medians and latency histograms. */

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value below which the share `q` (0..1) of the values lies (nearest rank). */
export function percentile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

const SUB_BITS = 6;
const SUB_COUNT = 1 << SUB_BITS;

/**
 * Log-linear histogram of latencies with 64 steps per power of two (an error of at most 1.6%) and one addition per
 * value, so that recording does not disturb what is measured. Unit inside: 1/8 microsecond.
 */
export class LatencyHistogram {
  private readonly counts = new Float64Array(SUB_COUNT * 32);
  count = 0;
  maxUs = 0;

  record(us: number): void {
    if (us > this.maxUs) this.maxUs = us;
    this.count++;
    const index = bucketOf(us * 8);
    this.counts[index] = (this.counts[index] as number) + 1;
  }

  reset(): void {
    this.counts.fill(0);
    this.count = 0;
    this.maxUs = 0;
  }

  /** Microseconds; NaN when nothing was recorded. */
  quantileUs(q: number): number {
    if (this.count === 0) return Number.NaN;
    const wanted = q * this.count;
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      seen += this.counts[i] as number;
      if (seen > wanted) return Math.min(this.maxUs, middleOf(i) / 8);
    }
    return this.maxUs;
  }
}

function bucketOf(value: number): number {
  const v = value < SUB_COUNT ? Math.max(0, value) | 0 : Math.min(value, 0x7fffffff) | 0;
  if (v < SUB_COUNT) return v;
  const shift = 31 - Math.clz32(v) - SUB_BITS;
  return (shift + 1) * SUB_COUNT + ((v >> shift) & (SUB_COUNT - 1));
}

function middleOf(index: number): number {
  if (index < SUB_COUNT) return index + 0.5;
  const shift = (index >> SUB_BITS) - 1;
  return ((SUB_COUNT | (index & (SUB_COUNT - 1))) + 0.5) * 2 ** shift;
}
