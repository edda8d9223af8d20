/** The report of a run, for people. */
import { human, note } from '../lib/report.js';
import { median } from '../lib/statistics.js';
import type { RoundReport } from './rounds.js';
import type { Problem } from './verdicts.js';
import type { Counts } from './workload/history.js';

export interface RunReport {
  /** Repeats the run. */
  readonly command: string;
  readonly network: string;
  /** What was checked, by name. */
  readonly checks: readonly string[];
  /** Faults that this machine or this ensemble cannot have, and why. */
  readonly impossible: readonly string[];
  readonly rounds: readonly RoundReport[];
  readonly operations: Readonly<Record<string, Counts>>;
  readonly problems: readonly Problem[];
  /** Where the history is, and after a violation the data and the logs of all servers. */
  readonly evidence: string;
}

const SHOWN_PROBLEMS = 20;

export function printReport(report: RunReport): void {
  note('');
  const groups = [...byFault(report.rounds)].sort();
  const width = Math.max(...groups.map(([fault]) => fault.length), 'fault'.length);
  note(`${'fault'.padEnd(width)}   times   longest time without an acknowledged write: median, maximum`);
  for (const [fault, rounds] of groups) {
    const gaps = rounds.map(({ longestGapMs }) => longestGapMs);
    const figures = `${human(median(gaps))} ms, ${human(Math.max(...gaps))} ms`;
    note(`${fault.padEnd(width)}   ${String(rounds.length).padStart(5)}   ${figures}`);
  }
  note('');
  note('operation                 acknowledged     refused     unknown');
  const total: Counts = { ok: 0, failed: 0, unknown: 0 };
  for (const [kind, counts] of Object.entries(report.operations)) {
    note(rowOf(kind, counts));
    for (const outcome of ['ok', 'failed', 'unknown'] as const) total[outcome] += counts[outcome];
  }
  note(rowOf('together', total));
  note('');
  for (const { check, detail } of report.problems.slice(0, SHOWN_PROBLEMS)) note(`VIOLATION  ${check}: ${detail}`);
  if (report.problems.length > 0) note(`evidence: ${report.evidence}\nreplay: ${report.command}`);
  const passed = report.rounds.filter(({ problems }) => problems.length === 0).length;
  const failed = new Set(report.problems.map(({ check }) => check)).size;
  process.stdout.write(`nemesis: ${human(total.ok)} operations acknowledged; ${passed} passed, ${failed} failed\n`);
}

function byFault(rounds: readonly RoundReport[]): Map<string, RoundReport[]> {
  const groups = new Map<string, RoundReport[]>();
  for (const round of rounds) {
    const name = round.faults.join(' + ');
    groups.set(name, [...(groups.get(name) ?? []), round]);
  }
  return groups;
}

function rowOf(kind: string, { ok, failed, unknown }: Counts): string {
  return kind.padEnd(25) + [ok, failed, unknown].map((count) => String(count).padStart(12)).join('');
}
