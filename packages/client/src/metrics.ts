import type { ErrorName } from '@zk/model';

/** What a client has done so far. Latencies are those of answered requests, from the call to the reply. */
export interface ClientMetrics {
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Failures by the name of the error. */
  readonly errors: Readonly<Record<ErrorName | string, number>>;
  /** Connections that were established after the first. */
  readonly reconnects: number;
  readonly sessionsLost: number;
  readonly failedAttempts: number;
  /** On their way to a server, and waiting to be sent. */
  readonly outstanding: number;
  readonly waiting: number;
  readonly watches: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly latencyMs: LatencySummary;
}

export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Buckets per power of two; a quantile is off by an eighth at most. */
const STEPS = 8;
const POWERS = 32;
const MICROSECONDS = 1000;

/** Counts; the clients' only statistics that cost something on every request, hence so few. */
export class MetricsRecorder {
  requests = 0;
  reconnects = 0;
  sessionsLost = 0;
  failedAttempts = 0;
  bytesSent = 0;
  bytesReceived = 0;
  private successes = 0;
  private failures = 0;
  private readonly errors = new Map<string, number>();
  private readonly buckets = new Float64Array(STEPS * POWERS);
  private replies = 0;
  private totalMs = 0;
  private maxMs = 0;

  replied(latencyMs: number): void {
    this.replies++;
    this.totalMs += latencyMs;
    if (latencyMs > this.maxMs) this.maxMs = latencyMs;
    this.buckets[bucketOf(latencyMs * MICROSECONDS)]!++;
  }

  succeeded(): void {
    this.successes++;
  }

  failed(error: unknown): void {
    this.failures++;
    const name = error instanceof Error ? error.name : 'unknown';
    this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
  }

  snapshot(now: Pick<ClientMetrics, 'outstanding' | 'waiting' | 'watches'>): ClientMetrics {
    return {
      ...now,
      requests: this.requests,
      succeeded: this.successes,
      failed: this.failures,
      errors: Object.fromEntries(this.errors),
      reconnects: this.reconnects,
      sessionsLost: this.sessionsLost,
      failedAttempts: this.failedAttempts,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
      latencyMs: {
        count: this.replies,
        mean: this.replies === 0 ? 0 : this.totalMs / this.replies,
        p50: this.quantile(0.5),
        p95: this.quantile(0.95),
        p99: this.quantile(0.99),
        max: this.maxMs,
      },
    };
  }

  private quantile(share: number): number {
    let left = share * this.replies;
    if (left === 0) return 0;
    for (let i = 0; i < this.buckets.length; i++) {
      left -= this.buckets[i]!;
      if (left <= 0) return Math.min(this.maxMs, upperEndOf(i) / MICROSECONDS);
    }
    return this.maxMs;
  }
}

function bucketOf(value: number): number {
  const whole = value < 1 ? 0 : Math.min(value, 0x7fff_ffff) | 0;
  if (whole < STEPS) return whole;
  const power = 31 - Math.clz32(whole);
  return (power - 2) * STEPS + ((whole >>> (power - 3)) & (STEPS - 1));
}

function upperEndOf(bucket: number): number {
  if (bucket < STEPS) return bucket + 1;
  const power = Math.floor(bucket / STEPS) + 2;
  return (STEPS + (bucket % STEPS) + 1) * 2 ** (power - 3);
}
