/** A seeded source of randomness (xorshift128, Marsaglia 2003), so that a failing run can be repeated from its seed. */
export class SeededRandom {
  private x: number;
  private y = 362436069;
  private z = 521288629;
  private w = 88675123;

  constructor(readonly seed: number) {
    this.x = (seed ^ 123456789) | 0 || 1;
    for (let i = 0; i < 16; i++) this.next32();
  }

  /** Uniform in 0 .. 2^32 - 1. */
  next32(): number {
    const t = this.x ^ (this.x << 11);
    this.x = this.y;
    this.y = this.z;
    this.z = this.w;
    this.w = (this.w ^ (this.w >>> 19) ^ (t ^ (t >>> 8))) | 0;
    return this.w >>> 0;
  }

  /** Uniform in 0 .. bound - 1; `bound` at least 1. */
  below(bound: number): number {
    return Math.floor((this.next32() / 4294967296) * bound);
  }

  /** Uniform in from .. to, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.next32() / 4294967296 < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('pick from an empty list');
    return item;
  }

  bytes(length: number): Buffer {
    const out = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) out[i] = this.next32() & 0xff;
    return out;
  }
}

/** A seed for runs that were not given one; printed, so that it can be given next time. */
export function freshSeed(): number {
  return (Date.now() ^ (process.pid << 12)) >>> 0;
}
