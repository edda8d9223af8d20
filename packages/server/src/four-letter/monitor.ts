import { hex64 } from '@zk/model';
import type { Inspection } from '../inspection.js';
import type { Metric, NumberMetric, SummaryMetric, SummarySetMetric } from '../metrics/metric.js';
import { serverMetrics } from '../metrics/server-metrics.js';
import { VERSION_LINE } from '../version.js';
import { peerState } from './peer-state.js';
import { formatAverage } from './reports.js';

/** Metrics as `zk_<name>\t<value>` lines: `mntr` (spec: operations, section 9). */
export function mntrReport(context: Inspection): string {
  const { view } = context;
  const state = peerState(view);
  const lines = [
    `zk_version\t${VERSION_LINE}`,
    `zk_server_state\t${view?.mode ?? 'standalone'}`,
    ...(state === undefined ? [] : [`zk_peer_state\t${state}`]),
    ...Object.entries(monitorValues(context)).map(([name, value]) => `zk_${name}\t${value}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Digests of the tree at past zxids: `hash`. */
export function hashReport({ server }: Inspection): string {
  return server.database.digests
    .entries()
    .map(({ zxid, digest }) => `${hex64(zxid)}: ${digest}\n`)
    .join('');
}

/** The metrics of the server as texts, by Apache's names: summaries and sets make several (section 9.1). */
export function monitorValues(context: Inspection): Record<string, string> {
  const { view } = context;
  const observes = view?.mode === 'observer' && view.master !== undefined;
  return Object.fromEntries([
    ...(observes ? [['observer_master_id', String(view.master)]] : []),
    ...serverMetrics(context).flatMap(textsOf),
  ]);
}

type NameAndText = readonly [name: string, text: string];

function textsOf(metric: Metric): NameAndText[] {
  if (metric.kind === 'summary') return summaryTexts(metric);
  return metric.kind === 'summary-set' ? summarySetTexts(metric) : numberTexts(metric);
}

function numberTexts({ name, value, isFraction }: NumberMetric): NameAndText[] {
  const text = isFraction === true ? formatAverage : wholeNumber;
  if (typeof value === 'number') return [[name, text(value)]];
  return [...value].map(([key, each]) => [`${key}_${name}`, text(each)]);
}

const PERCENTILES: readonly NameAndPart[] = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
];

type NameAndPart = readonly [name: string, part: number];

/** Five lines of a basic summary, nine of an advanced one. */
function summaryTexts({ name, values, isAdvanced, percentile }: SummaryMetric): NameAndText[] {
  const { count, sum, min, max } = values;
  const basic: NameAndText[] = [
    [`avg_${name}`, formatAverage(count === 0 ? 0 : sum / count)],
    [`min_${name}`, wholeNumber(min)],
    [`max_${name}`, wholeNumber(max)],
    [`cnt_${name}`, String(count)],
    [`sum_${name}`, wholeNumber(sum)],
  ];
  if (!isAdvanced || percentile === undefined) return basic;
  return [
    ...basic,
    ...PERCENTILES.map(([short, part]) => [`${short}_${name}`, wholeNumber(percentile(part))] as const),
  ];
}

function summarySetTexts({ name, members, isAdvanced }: SummarySetMetric): NameAndText[] {
  return [...members].flatMap(([key, member]) =>
    summaryTexts({ kind: 'summary', name: `${key}_${name}`, isAdvanced, ...member }),
  );
}

function wholeNumber(value: number): string {
  return String(Math.round(value));
}
