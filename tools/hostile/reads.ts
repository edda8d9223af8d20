/** The reads of a client that behaves, in windows of a second: some quiet, some under the flood. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Generator, ProbeResult } from '../bench/generator.js';
import type { RunningServer } from '../lib/launch.js';
import { percentile } from '../lib/statistics.js';
import { isCalm, readMachine, takenBetween } from './calm.js';

export type Phase = 'quiet' | 'flooded';

/** Calm windows that a 99th percentile is taken from: 5,000 reads and 10,000. */
export const ENOUGH: Readonly<Record<Phase, number>> = { quiet: 10, flooded: 20 };

const WINDOW_MS = 1_000;
const INTERVAL_MS = 2;
/** Longer than any flood. */
const READING_SECONDS = 3_600;

export interface ReadWindow {
  readonly phase: Phase;
  readonly isCalm: boolean;
  /** From when to when, by `performance.now()`. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The reads of one phase. */
export interface PhaseFigures {
  readonly windows: number;
  readonly calmWindows: number;
  /** Of the reads in calm windows. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of all. */
  readonly p99UsOfAll: number;
}

/** A client at work in a process of its own. */
export interface RunningProbe {
  readonly pid: number;
  /** When its first read was due, by `performance.now()`. */
  readonly startedAtMs: number;
  readonly result: Promise<ProbeResult>;
  readonly stop: () => void;
}

/** Reads one of the znodes after the other, at a steady pace, until it is stopped. */
export async function startProbe(
  generator: Generator,
  port: number,
  znodes: { parent: string; nodes: number },
): Promise<RunningProbe> {
  const probe = await generator.start('probe', { ...znodes, port, interval: INTERVAL_MS, seconds: READING_SECONDS });
  return { ...probe, startedAtMs: performance.now() };
}

/** One process reads from the start to the end; which window a read belongs to is decided by when it was due. */
export class WatchedReads {
  private readonly windows: ReadWindow[] = [];

  private constructor(
    private readonly probe: RunningProbe,
    private readonly pids: readonly number[],
  ) {}

  /** Before the priority of this process is lowered, which its children inherit. */
  static async start(
    generator: Generator,
    server: RunningServer,
    znodes: { parent: string; nodes: number },
  ): Promise<WatchedReads> {
    const probe = await startProbe(generator, server.port, znodes);
    return new WatchedReads(probe, [process.pid, server.pid, probe.pid]);
  }

  /** Cuts so many windows. Throws when a process of the run has ended. */
  async watchQuiet(windows: number): Promise<void> {
    for (let left = windows; left > 0; left--) this.windows.push(await this.window('quiet'));
  }

  /** Cuts one window after the other; the last, in which the flood ends, is none. Throws as `watchQuiet` does. */
  async watchFlood(isOver: () => boolean): Promise<void> {
    for (;;) {
      const window = await this.window('flooded');
      if (isOver()) return;
      this.windows.push(window);
    }
  }

  isEnough(): boolean {
    return (['quiet', 'flooded'] as const).every((phase) => this.calmWindows(phase) >= ENOUGH[phase]);
  }

  calmWindows(phase: Phase): number {
    return this.windows.filter((window) => window.phase === phase && window.isCalm).length;
  }

  /** Ends the reader. Throws GeneratorError when it lost its connection or waited for a reply in vain. */
  async finish(): Promise<Readonly<Record<Phase, PhaseFigures>> & { readonly errors: number }> {
    this.probe.stop();
    const { latenciesUs, errors } = await this.probe.result;
    const figures = (phase: Phase): PhaseFigures =>
      figuresOf(
        this.windows.filter((window) => window.phase === phase),
        (window) => readsWithin(window, latenciesUs, this.probe.startedAtMs),
      );
    return { quiet: figures('quiet'), flooded: figures('flooded'), errors };
  }

  private async window(phase: Phase): Promise<ReadWindow> {
    const from = readMachine(this.pids);
    await delay(WINDOW_MS);
    const to = readMachine(this.pids);
    return { phase, isCalm: isCalm(takenBetween(from, to)), fromMs: from.atMs, toMs: to.atMs };
  }
}

/** The latencies of the reads that were due in a window; `latenciesUs` holds those of all, one each interval. */
export function readsWithin(
  { fromMs, toMs }: Pick<ReadWindow, 'fromMs' | 'toMs'>,
  latenciesUs: readonly number[],
  startedAtMs: number,
): readonly number[] {
  const at = (ms: number): number => Math.max(0, Math.ceil((ms - startedAtMs) / INTERVAL_MS));
  return latenciesUs.slice(at(fromMs), at(toMs));
}

export function figuresOf(
  windows: readonly ReadWindow[],
  readsOf: (window: ReadWindow) => readonly number[],
): PhaseFigures {
  const calm = windows.filter((window) => window.isCalm);
  const calmReads = calm.flatMap(readsOf);
  return {
    windows: windows.length,
    calmWindows: calm.length,
    p50Us: percentile(calmReads, 0.5),
    p99Us: percentile(calmReads, 0.99),
    p99UsOfAll: percentile(windows.flatMap(readsOf), 0.99),
  };
}
