import type { Histogram, LatencyStats } from '@zk/request-pipeline';
import { formatAverage } from './reports.js';

/** Lines of `mntr` without `zk_`. */
export type Metrics = Record<string, number | string>;

/** Count, sum and extremes of some values. */
export interface Values {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

const PERCENTILES: readonly (readonly [name: string, part: number])[] = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
];

/** The five lines of a basic summary (spec: operations, section 9.1). */
export function basicSummary(name: string, { count, sum, min, max }: Values): Metrics {
  return {
    [`avg_${name}`]: formatAverage(count === 0 ? 0 : sum / count),
    [`min_${name}`]: Math.round(min),
    [`max_${name}`]: Math.round(max),
    [`cnt_${name}`]: count,
    [`sum_${name}`]: Math.round(sum),
  };
}

/** The nine lines of an advanced one. */
export function latencySummary(name: string, stats: LatencyStats): Metrics {
  const { count, sumMs, minMs, maxMs, histogram } = stats;
  return withPercentiles(name, { count, sum: sumMs, min: minMs, max: maxMs }, histogram);
}

function withPercentiles(name: string, values: Values, histogram: Histogram): Metrics {
  const percentiles = PERCENTILES.map(([short, part]) => [`${short}_${name}`, histogram.percentile(part)] as const);
  return { ...basicSummary(name, values), ...Object.fromEntries(percentiles) };
}

/** Writes are counted by themselves; what else was counted are reads. */
export function requestLatencies(all: LatencyStats, updates: LatencyStats): Metrics {
  const reads = all.histogram.without(updates.histogram);
  const readValues: Values = {
    count: all.count - updates.count,
    sum: all.sumMs - updates.sumMs,
    min: reads.percentile(0),
    max: reads.percentile(1),
  };
  return { ...withPercentiles('readlatency', readValues, reads), ...latencySummary('updatelatency', updates) };
}
