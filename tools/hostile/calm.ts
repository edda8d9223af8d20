/**
 * How much of the processors the machine gave to others while something was measured: to other guests of its hypervisor
 * and to processes that are no part of the run (Linux, `/proc`).
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { cpuSeconds } from '../lib/processes.js';
import { parseProcessorTimes } from '../lib/stolen-time.js';

/** Of both `/proc/stat` and `/proc/<pid>/stat`, on every Linux platform that Node supports. */
const MS_PER_TICK = 10;

/** What had been used at one moment, in milliseconds of processor time since some moment before. */
export interface MachineReading {
  /** By `performance.now()`. */
  readonly atMs: number;
  readonly stolenMs: number;
  readonly othersMs: number;
}

/** Shares of the time of all processors, in percent. */
export interface Taken {
  readonly stolenPercent: number;
  readonly othersPercent: number;
}

/**
 * What a 99th percentile bears. A hypervisor takes in bursts, and whoever waits through them for one percent of the time
 * is the percentile; other processes share more finely. Each is a little more than a machine at rest shows.
 */
const CALM: Taken = { stolenPercent: 0.6, othersPercent: 5 };

/** Now. `pids` are the processes of the run, all of them alive. */
export function readMachine(pids: readonly number[]): MachineReading {
  const { wanted, stolen } = parseProcessorTimes(readFileSync('/proc/stat', 'latin1'));
  const ownMs = pids.reduce((sum, pid) => sum + cpuSeconds(pid) * 1_000, 0);
  return { atMs: performance.now(), stolenMs: stolen * MS_PER_TICK, othersMs: (wanted - stolen) * MS_PER_TICK - ownMs };
}

export function takenBetween(from: MachineReading, to: MachineReading, processors = cpus().length): Taken {
  const onePercentMs = ((to.atMs - from.atMs) * processors) / 100;
  return {
    stolenPercent: (to.stolenMs - from.stolenMs) / onePercentMs,
    // The kernel counts the time of a process and that of the machine differently: idle others seem to use less than none.
    othersPercent: Math.max(0, (to.othersMs - from.othersMs) / onePercentMs),
  };
}

export function isCalm({ stolenPercent, othersPercent }: Taken): boolean {
  return stolenPercent <= CALM.stolenPercent && othersPercent <= CALM.othersPercent;
}
