import { Histogram } from '@zk/request-pipeline';

/** Count, sum, least and greatest of some durations or sizes that are rare enough to be sorted by size, too. */
export class Summary {
  count = 0;
  sum = 0;
  min = 0;
  max = 0;
  private bySize: Histogram | undefined;

  add(value: number): void {
    if (this.count === 0 || value < this.min) this.min = value;
    if (this.count === 0 || value > this.max) this.max = value;
    this.count++;
    this.sum += value;
    this.bySize ??= new Histogram();
    this.bySize.add(value);
  }

  reset(): void {
    this.count = this.sum = this.min = this.max = 0;
    this.bySize?.clear();
  }

  /** The value that so large a part of all does not exceed: 0 to 1; 0 when there is none. */
  percentile(part: number): number {
    return this.bySize?.percentile(part) ?? 0;
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }
}
