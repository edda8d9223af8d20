import type { Distribution, Metric, NumberMetric, SummaryMetric, SummarySetMetric } from '@zk/server';
import { Counter, Gauge, type Registry, Summary } from 'prom-client';

type Labels = 'key' | 'quantile';

/** One line of a metric; a line of a summary may have a name of its own. */
interface Line {
  readonly metricName?: string;
  readonly labels: Partial<Record<Labels, string>>;
  readonly value: number;
}

/**
 * Metrics that keep nothing: what they say was read elsewhere, once. As in Apache ZooKeeper the help is the name again.
 */
class GaugeReading extends Gauge<Labels> {
  constructor(
    name: string,
    register: Registry,
    private readonly lines: Line[],
  ) {
    super({ name, help: name, registers: [register] });
  }

  override async get(): ReturnType<Gauge<Labels>['get']> {
    return { ...(await super.get()), values: this.lines };
  }
}

class CounterReading extends Counter<Labels> {
  constructor(
    name: string,
    register: Registry,
    private readonly lines: Line[],
  ) {
    super({ name, help: name, registers: [register] });
  }

  override async get(): ReturnType<Counter<Labels>['get']> {
    return { ...(await super.get()), values: this.lines };
  }
}

class SummaryReading extends Summary<Labels> {
  constructor(
    name: string,
    register: Registry,
    private readonly lines: Line[],
  ) {
    super({ name, help: name, registers: [register] });
  }

  override async get(): ReturnType<Summary<Labels>['get']> {
    return { ...(await super.get()), values: this.lines };
  }
}

const READINGS = {
  gauge: GaugeReading,
  counter: CounterReading,
  summary: SummaryReading,
  'summary-set': SummaryReading,
};

/** Adds what a metric says to a registry. */
export function register(metric: Metric, registry: Registry): void {
  new READINGS[metric.kind](metric.name, registry, linesOf(metric));
}

function linesOf(metric: Metric): Line[] {
  if (metric.kind === 'summary') return linesOfSummary(metric, metric, {});
  return metric.kind === 'summary-set' ? linesOfSummaries(metric) : linesOfNumber(metric);
}

function linesOfNumber({ value }: NumberMetric): Line[] {
  if (typeof value === 'number') return [{ labels: {}, value }];
  return [...value].map(([key, each]) => ({ labels: { key }, value: each }));
}

/** As Apache ZooKeeper has them (spec: operations, section 9.1). */
const BASIC_QUANTILES = [0.5];
const ADVANCED_QUANTILES = [0.5, 0.9, 0.99];

/** A quantile of no values, or one that nobody keeps track of, is no number. */
function linesOfSummary(
  { name, isAdvanced }: Pick<SummaryMetric, 'name' | 'isAdvanced'>,
  { values, percentile }: Distribution,
  labels: Line['labels'],
): Line[] {
  const quantiles = isAdvanced ? ADVANCED_QUANTILES : BASIC_QUANTILES;
  return [
    ...quantiles.map((quantile) => ({
      labels: { ...labels, quantile: String(quantile) },
      value: values.count === 0 || percentile === undefined ? NaN : percentile(quantile),
    })),
    { metricName: `${name}_count`, labels, value: values.count },
    { metricName: `${name}_sum`, labels, value: values.sum },
  ];
}

function linesOfSummaries(set: SummarySetMetric): Line[] {
  return [...set.members].flatMap(([key, member]) => linesOfSummary(set, member, { key }));
}
