import type { Histogram, LatencyStats } from '@zk/request-pipeline';

/** What a server counts or measures, by Apache ZooKeeper's name for it (spec: operations, section 9). */
export type Metric = NumberMetric | SummaryMetric | SummarySetMetric;

/** A number that goes up and down, or one that only grows until it is reset. */
export interface NumberMetric {
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  /** Of a set: one number for each key. */
  readonly value: number | ReadonlyMap<string, number>;
  /** Whether it is shown with decimals. */
  readonly isFraction?: boolean;
}

/** Count, sum and extremes of many values; where it is advanced, percentiles too. */
export interface SummaryMetric extends Distribution {
  readonly kind: 'summary';
  readonly name: string;
  readonly isAdvanced: boolean;
}

/** A summary for each key. */
export interface SummarySetMetric {
  readonly kind: 'summary-set';
  readonly name: string;
  readonly members: ReadonlyMap<string, Distribution>;
  readonly isAdvanced: boolean;
}

export interface Distribution {
  readonly values: Values;
  /** The value that so large a part of all values does not exceed: 0 to 1. Absent: nobody keeps track. */
  readonly percentile?: (part: number) => number;
}

/** Count, sum and extremes of some values. */
export interface Values {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export function gauges(values: Readonly<Record<string, number>>, isFraction = false): Metric[] {
  return Object.entries(values).map(([name, value]) => ({ kind: 'gauge', name, value, isFraction }));
}

export function counters(values: Readonly<Record<string, NumberMetric['value']>>): Metric[] {
  return Object.entries(values).map(([name, value]) => ({ kind: 'counter', name, value }));
}

/** Those without percentiles; those of some may be known nevertheless. */
export function basicSummaries(summaries: Readonly<Record<string, Values & Partial<WithPercentiles>>>): Metric[] {
  return Object.entries(summaries).map(([name, values]) => ({
    kind: 'summary',
    name,
    values,
    isAdvanced: false,
    ...(values.percentile && { percentile: (part: number) => values.percentile!(part) }),
  }));
}

interface WithPercentiles {
  percentile(part: number): number;
}

/** In ms. */
export function latencySummary(name: string, latency: LatencyStats): Metric {
  return { kind: 'summary', name, isAdvanced: true, ...distributionOf(latency) };
}

/** In ms, one for each key. */
export function latencySummaries(name: string, latencies: ReadonlyMap<string, LatencyStats>): Metric {
  const members = new Map([...latencies].map(([key, latency]) => [key, distributionOf(latency)]));
  return { kind: 'summary-set', name, isAdvanced: true, members };
}

function distributionOf({ count, sumMs, minMs, maxMs, histogram }: LatencyStats): Distribution {
  const values = { count, sum: sumMs, min: minMs, max: maxMs };
  return { values, percentile: (part) => histogram.percentile(part) };
}

export function advancedSummary(name: string, values: Values, histogram: Histogram): Metric {
  return { kind: 'summary', name, values, isAdvanced: true, percentile: (part) => histogram.percentile(part) };
}
