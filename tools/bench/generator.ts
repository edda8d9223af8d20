/** Finds, builds and runs the load generator: load.c where there is a C compiler, load.ts elsewhere. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileC } from '../lib/compile-c.js';
import { temporaryDirectory } from '../lib/launch.js';
import { endsWithTool } from '../lib/tool-end.js';

export type GeneratorKind = 'c' | 'node';

export type GeneratorOptions = Readonly<Record<string, string | number>>;

export interface ThroughputResult {
  readonly seconds: number;
  readonly operations: number;
  readonly operationsPerSecond: number;
  readonly errors: number;
  readonly p50Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly serverCpuSeconds: number;
  readonly clientCpuSeconds: number;
}

export interface ProbeResult extends ThroughputResult {
  /** Of every read, in the order of sending: one each interval, counted from when the probe was ready. */
  readonly latenciesUs: readonly number[];
}

export interface FanoutResult {
  readonly watchers: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly maxMs: number;
  readonly errors: number;
}

export interface IdleResult {
  readonly sessions: number;
  readonly sessionsPerSecond: number;
  readonly serverCpuSeconds: number;
  readonly residentBytesBefore: number;
  readonly residentBytesAfter: number;
}

export interface WatchesResult {
  readonly watches: number;
  readonly errors: number;
  readonly residentBytesBefore: number;
  readonly residentBytesAfter: number;
}

interface Results {
  readonly bench: ThroughputResult;
  readonly fill: ThroughputResult;
  readonly probe: ProbeResult;
  readonly fanout: FanoutResult;
  readonly idle: IdleResult;
  readonly watches: WatchesResult;
}

export class GeneratorError extends Error {
  override readonly name = 'GeneratorError';
}

export class Generator {
  private constructor(
    readonly kind: GeneratorKind,
    private readonly command: readonly string[],
  ) {}

  /** `auto` prefers C: it costs about half as much processor time per request, which matters where both share cores. */
  static prepare(wanted: string): Generator {
    const here = dirname(fileURLToPath(import.meta.url));
    if (wanted !== 'node') {
      const program = join(temporaryDirectory('zk-load-'), 'load');
      const failure = compileC(join(here, 'load.c'), program, ['-lm']);
      if (failure === undefined) return new Generator('c', [program]);
      if (wanted === 'c') throw new GeneratorError(`load.c could not be compiled: ${failure}`);
    }
    return new Generator('node', [process.execPath, ...process.execArgv, join(here, 'load.ts')]);
  }

  /** Runs one mode to its end and returns what it printed. */
  async run<M extends keyof Results>(mode: M, options: GeneratorOptions): Promise<Results[M]> {
    return (await this.start(mode, options)).result;
  }

  /** Starts a mode; `stop` asks it to end early (probe). Resolves once a probe is at work. */
  async start<M extends keyof Results>(
    mode: M,
    options: GeneratorOptions,
  ): Promise<{ pid: number; result: Promise<Results[M]>; stop: () => void }> {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const [program = '', ...rest] = this.command;
    const child = spawn(program, [...rest, mode, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    endsWithTool(child);
    const output = collect(child);
    const result = once(child, 'close').then(([code]: unknown[]) => {
      const line = output.stdout().trim().split('\n').at(-1) ?? '';
      if (code !== 0 || !line.startsWith('{')) {
        throw new GeneratorError(
          `load generator (${mode}) failed: ${output.stderr().trim() || `exit code ${String(code)}`}`,
        );
      }
      return JSON.parse(line) as Results[M];
    });
    result.catch(() => undefined); // whoever awaits `result` sees the failure; before that it must not end the process
    if (mode === 'probe') await Promise.race([output.ready, result]);
    return { pid: child.pid ?? 0, result, stop: () => child.kill('SIGTERM') };
  }
}

function collect(child: ChildProcess): { stdout: () => string; stderr: () => string; ready: Promise<void> } {
  let stdout = '';
  let stderr = '';
  let markReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
    if (stdout.includes('ready\n')) markReady();
  });
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  return { stdout: () => stdout, stderr: () => stderr, ready };
}
