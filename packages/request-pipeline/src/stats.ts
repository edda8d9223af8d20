import { Histogram } from './histogram.js';

/** Latencies of requests since the start or the last reset, in ms from arrival to reply. */
export class LatencyStats {
  count = 0;
  sumMs = 0;
  minMs = 0;
  maxMs = 0;
  readonly histogram = new Histogram();

  record(latencyMs: number): void {
    if (this.count === 0 || latencyMs < this.minMs) this.minMs = latencyMs;
    if (latencyMs > this.maxMs) this.maxMs = latencyMs;
    this.count++;
    this.sumMs += latencyMs;
    this.histogram.add(latencyMs);
  }

  get averageMs(): number {
    return this.count === 0 ? 0 : this.sumMs / this.count;
  }

  reset(): void {
    this.count = this.sumMs = this.minMs = this.maxMs = 0;
    this.histogram.clear();
  }
}
