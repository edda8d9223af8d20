/** What every part of the bench is given, and how it records what it found. */
import type { Generator } from '../bench/generator.js';
import type { Metric, Results } from '../bench/results.js';
import type { ServerKind } from '../lib/launch.js';
import type { Checks } from '../lib/report.js';

export interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly dataBytes: number;
  /** See `SteadySettings`. */
  readonly maxStolenPercent?: number;
  readonly failovers: number;
  readonly pauses: number;
  /** How long a leader is stopped, at least. */
  readonly pauseMs: number;
  readonly fillNodes: number;
  readonly missedTransactions: number;
  readonly profiles: string | undefined;
}

export interface Context {
  readonly kinds: readonly ServerKind[];
  readonly generator: Generator;
  readonly settings: Settings;
  readonly results: Results;
  /** What is right or wrong, whatever the speed. */
  readonly checks: Checks;
}

export type Add = (name: string, unit: string, better: Metric['better'], value: number) => void;

export function adder({ results }: Context, kind: ServerKind, workload: string): Add {
  return (name, unit, better, value) => results.add(kind, { workload, name, unit, better }, value);
}
