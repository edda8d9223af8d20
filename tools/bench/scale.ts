/** Workloads that need a server of their own: they measure memory, start-up time, or leave a large tree behind. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  launch,
  removeDirectory,
  temporaryDirectory,
  type LaunchOptions,
  type RunningServer,
  type ServerKind,
} from '../lib/launch.js';
import { diskUsage, residentBytes } from '../lib/processes.js';
import { human, mebibytes, note, progress } from '../lib/report.js';
import type { Generator } from './generator.js';
import type { Metric, Results } from './results.js';

export interface ScaleSettings {
  readonly rounds: number;
  readonly fillNodes: number;
  readonly dataBytes: number;
  readonly sessions: number;
  readonly watchers: number;
  readonly watches: number;
  /** Time for garbage collectors and allocators to settle before memory is read. */
  readonly settleMs: number;
  /** What the Java virtual machine of Apache's server is started with. */
  readonly apacheArgs: readonly string[];
}

interface ScaleWorkload {
  readonly name: string;
  readonly what: string;
  readonly run: (context: Context) => Promise<void>;
}

interface Context {
  readonly kind: ServerKind;
  readonly generator: Generator;
  readonly settings: ScaleSettings;
  readonly results: Results;
}

export const scaleWorkloads: readonly ScaleWorkload[] = [
  { name: 'million', what: 'fill, memory, restart, size on disk, reads while snapshots are written', run: million },
  { name: 'fanout', what: 'watchers of one znode, one change', run: fanout },
  { name: 'sessions', what: 'idle sessions: rate of opening, memory each', run: sessions },
  { name: 'watches', what: 'data watches: memory each', run: watches },
];

export async function runScale(
  workloads: readonly ScaleWorkload[],
  kinds: readonly ServerKind[],
  generator: Generator,
  settings: ScaleSettings,
  results: Results,
): Promise<void> {
  for (const workload of workloads) {
    for (let round = 1; round <= settings.rounds; round++) {
      for (const kind of kinds) {
        progress(`${workload.name}: round ${round}/${settings.rounds}, ${kind}`);
        await workload.run({ kind, generator, settings, results });
      }
    }
  }
}

function start({ kind, settings }: Context, options: Omit<LaunchOptions, 'kind'> = {}): Promise<RunningServer> {
  return launch({ kind, ...(kind === 'apache' ? { runtimeArgs: settings.apacheArgs } : {}), ...options });
}

function adder(context: Context, workload: string) {
  return (name: string, unit: string, better: Metric['better'], value: number): void =>
    context.results.add(context.kind, { workload, name, unit, better }, value);
}

async function million(context: Context): Promise<void> {
  const { kind, generator, settings } = context;
  const add = adder(context, 'million');
  const dataDir = temporaryDirectory(`zk-bench-${kind}-`);
  const common = { nodes: settings.fillNodes, size: settings.dataBytes };
  try {
    let server = await start(context, { dataDir });
    const filled = await generator.run('fill', {
      ...common,
      port: server.port,
      pid: server.pid,
      connections: 1,
      outstanding: 256,
    });
    context.results.errors += filled.errors;
    add('fill', 'op/s', 'more', filled.operationsPerSecond);
    add('fill, server CPU', 'us/op', 'less', (filled.serverCpuSeconds * 1e6) / filled.operations);
    await delay(settings.settleMs);
    add('resident after fill', 'MiB', 'less', mebibytes(residentBytes(server.pid)));
    await server.stop();
    const disk = diskUsage(dataDir);
    add('size on disk', 'MiB', 'less', mebibytes(disk.allocatedBytes));
    progress(`million: ${kind} filled at ${human(filled.operationsPerSecond)}/s, restarting`);

    // A low snapCount serves the next step; it changes nothing about loading.
    server = await start(context, { dataDir, config: { snapCount: 20_000 }, readyDeadlineMs: 300_000 });
    add('restart', 'ms', 'less', server.startupMs);
    await delay(settings.settleMs);
    add('resident after restart', 'MiB', 'less', mebibytes(residentBytes(server.pid)));
    await snapshotStall(context, server);
    await server.stop();
  } finally {
    removeDirectory(dataDir);
  }
}

/** Reads every 5 ms while three snapshots are written, which a stream of writes brings about. */
async function snapshotStall(context: Context, server: RunningServer): Promise<void> {
  const { generator, settings } = context;
  const add = adder(context, 'million');
  const common = { nodes: settings.fillNodes, size: settings.dataBytes, port: server.port };
  const before = snapshotNames(server.dataDir);
  const fresh = new Set<string>();
  const probe = await generator.start('probe', { ...common, seconds: 600, interval: 5 });
  const deadline = performance.now() + 300_000;
  while (fresh.size < 3 && performance.now() < deadline) {
    const load = { connections: 1, outstanding: 16, mix: 'set=1', warmup: 0, seconds: 1 };
    const result = await generator.run('bench', { ...common, ...load });
    context.results.errors += result.errors;
    for (const name of snapshotNames(server.dataDir)) if (!before.has(name)) fresh.add(name);
    progress(`million: ${context.kind}, ${fresh.size} of 3 snapshots`);
  }
  await delay(1_000); // the end of the third
  probe.stop();
  const waits = await probe.result;
  if (fresh.size < 3) note(`${context.kind}: only ${fresh.size} snapshots were written in five minutes`);
  add('read p99 while snapshots', 'ms', 'less', waits.p99Us / 1000);
  add('read max while snapshots', 'ms', 'less', waits.maxUs / 1000);
}

function snapshotNames(dataDir: string): Set<string> {
  const names = readdirSync(join(dataDir, 'version-2'));
  return new Set(names.filter((name) => /^snapshot\.[0-9a-f]+(\.gz|\.snappy)?$/.test(name)));
}

async function fanout(context: Context): Promise<void> {
  const { generator, settings } = context;
  const add = adder(context, 'fanout');
  const server = await start(context);
  const common = { port: server.port, pid: server.pid, nodes: 1, size: settings.dataBytes };
  await generator.run('fill', { ...common, connections: 1, outstanding: 8 });
  await generator.run('fanout', { ...common, connections: settings.watchers, rounds: 10 }); // warms the code up
  const result = await generator.run('fanout', { ...common, connections: settings.watchers, rounds: 20 });
  context.results.errors += result.errors;
  add(`${result.watchers} watchers, mean`, 'ms', 'less', result.meanMs);
  add(`${result.watchers} watchers, max`, 'ms', 'less', result.maxMs);
  await server.stop();
}

async function sessions(context: Context): Promise<void> {
  const { generator, settings } = context;
  const add = adder(context, 'sessions');
  const server = await start(context);
  const result = await generator.run('idle', {
    port: server.port,
    pid: server.pid,
    connections: settings.sessions,
    hold: 3,
  });
  add('opened', 'per s', 'more', result.sessionsPerSecond);
  add('server CPU', 'us/session', 'less', (result.serverCpuSeconds * 1e6) / result.sessions);
  add('resident', 'bytes/session', 'less', (result.residentBytesAfter - result.residentBytesBefore) / result.sessions);
  await server.stop();
}

async function watches(context: Context): Promise<void> {
  const { generator, settings } = context;
  const add = adder(context, 'watches');
  const server = await start(context);
  const nodes = settings.watches / 100;
  const common = { port: server.port, pid: server.pid, nodes, size: settings.dataBytes };
  await generator.run('fill', { ...common, connections: 1, outstanding: 256 });
  const result = await generator.run('watches', { ...common, connections: 100, watches: settings.watches, hold: 3 });
  context.results.errors += result.errors;
  add('resident', 'bytes/watch', 'less', (result.residentBytesAfter - result.residentBytesBefore) / result.watches);
  await server.stop();
}
