/** What the figures have to be: limits on our own, and on their ratio to Apache's of the same run. */
import type { Summary } from '../bench/results.js';
import { human } from '../lib/report.js';

export interface Floor {
  readonly workload: string;
  readonly figure: string;
  /** Of our figure: its median, its worst round, or its median divided by Apache's. */
  readonly of: 'median' | 'worst' | 'ratio';
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Verdict {
  readonly name: string;
  readonly value: number;
  readonly passed: boolean;
  readonly detail: string;
}

/** Judges what was measured; a floor whose figure is missing (a part that did not run, no second server) says nothing. */
export function judge(floors: readonly Floor[], summaries: readonly Summary[]): Verdict[] {
  return floors.flatMap((floor) => {
    const summary = summaries.find(({ workload, name }) => workload === floor.workload && name === floor.figure);
    const value = summary === undefined ? undefined : valueOf(floor, summary);
    return summary === undefined || value === undefined ? [] : [verdict(floor, summary, value)];
  });
}

function valueOf({ of }: Floor, { medians, values, ratio, better }: Summary): number | undefined {
  if (of === 'ratio') return ratio;
  if (of === 'median') return medians.zk;
  const rounds = values.zk;
  if (rounds === undefined) return undefined;
  return better === 'more' ? Math.min(...rounds) : Math.max(...rounds);
}

function verdict(floor: Floor, { unit }: Summary, value: number): Verdict {
  const { atLeast = -Infinity, atMost = Infinity } = floor;
  const shownUnit = floor.of === 'ratio' ? 'x' : unit;
  const limits = [
    ...(floor.atLeast === undefined ? [] : [`at least ${human(atLeast)}`]),
    ...(floor.atMost === undefined ? [] : [`at most ${human(atMost)}`]),
  ];
  return {
    name: `${floor.workload}: ${floor.figure} (${floor.of})`,
    value,
    passed: value >= atLeast && value <= atMost,
    detail: `${human(value)} ${shownUnit}, ${limits.join(' and ')}`,
  };
}
