/** Whether a flood made another client's reads slower than it may; or that it cannot be said. */
import { human } from '../lib/report.js';
import { ENOUGH, type Phase, type PhaseFigures } from './reads.js';

const SLOWDOWN_LIMIT = 3;

export interface Verdict {
  /** Another one where nothing could be judged, so that nobody takes a restless machine for a slow server. */
  readonly check: string;
  readonly holds: boolean;
  readonly detail: string;
}

export function judgeReads(phases: Readonly<Record<Phase, PhaseFigures>>): Verdict {
  const { quiet, flooded } = phases;
  if (quiet.calmWindows < ENOUGH.quiet || flooded.calmWindows < ENOUGH.flooded) {
    return {
      check: "how much slower another client's reads are can be judged",
      holds: false,
      detail:
        `could not be judged: the machine was not calm, a hypervisor or other processes took too much of it ` +
        `(${calmOf(quiet, ENOUGH.quiet)} quiet, ${calmOf(flooded, ENOUGH.flooded)} flooded); whatever took it, ` +
        figuresText(quiet.p99UsOfAll, flooded.p99UsOfAll),
    };
  }
  return {
    check: `another client's reads are at most ${SLOWDOWN_LIMIT} times slower`,
    holds: flooded.p99Us / quiet.p99Us <= SLOWDOWN_LIMIT,
    detail:
      `${figuresText(quiet.p99Us, flooded.p99Us)}; calm were ${quiet.calmWindows} of ${quiet.windows} s quiet, ` +
      `${flooded.calmWindows} of ${flooded.windows} s flooded, the others are left out`,
  };
}

function calmOf({ calmWindows, windows }: PhaseFigures, enough: number): string {
  return `${calmWindows} calm of ${windows} s, ${enough} wanted,`;
}

function figuresText(quietUs: number, floodedUs: number): string {
  return `p99 ${human(quietUs)} us quiet, ${human(floodedUs)} us meanwhile (${(floodedUs / quietUs).toFixed(1)} x)`;
}
