/** Count, sum, least and greatest of some durations or sizes. */
export class Summary {
  count = 0;
  sum = 0;
  min = 0;
  max = 0;

  add(value: number): void {
    if (this.count === 0 || value < this.min) this.min = value;
    if (this.count === 0 || value > this.max) this.max = value;
    this.count++;
    this.sum += value;
  }

  reset(): void {
    this.count = this.sum = this.min = this.max = 0;
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }
}
