/**
 * `npm run bench`: starts the servers on loopback, drives them with the same load in turn and prints medians side by
 * side. What each figure means is written in README.md next to this file.
 */
import { cpus, loadavg, release, totalmem } from 'node:os';
import { flag, number, optionalText, parseOptions, text } from '../lib/options.js';
import {
  fourLetterWord,
  launch,
  temporaryDirectory,
  whyMissing,
  type RunningServer,
  type ServerKind,
} from '../lib/launch.js';
import { isMemoryFileSystem } from '../lib/processes.js';
import { note, writeJson } from '../lib/report.js';
import { Generator } from './generator.js';
import { Results } from './results.js';
import { runScale, scaleWorkloads } from './scale.js';
import { runSteady, steadyWorkloads } from './steady.js';

const names = [...steadyWorkloads, ...scaleWorkloads].map((workload) => workload.name);

const options = parseOptions('bench', `Measures the server on this machine. Workloads: ${names.join(', ')}.`, {
  against: optionalText('server', 'second server to measure in alternation: apache'),
  server: text('zk', 'server', 'first server: zk or apache'),
  only: optionalText('list', 'comma-separated workloads'),
  seconds: number(5, 's', 'measured time per workload, server and round'),
  warmup: number(2, 's', 'unmeasured time before it'),
  rounds: number(3, 'n', 'rounds of the throughput workloads; medians are shown'),
  'scale-rounds': number(1, 'n', 'rounds of the workloads that need a fresh server'),
  'max-stolen': number(10, '%', 'a round during which a hypervisor took more is measured again, at most twice'),
  nodes: number(1_000_000, 'n', 'znodes of the fill'),
  'apache-heap': text('1000m', 'size', "Apache's largest heap: 1000m as zkServer.sh, jvm for Java's own choice"),
  generator: text('auto', 'kind', 'load generator: c, node, auto'),
  json: optionalText('file', 'write all figures there (- for stdout)'),
  quick: flag('small and short: shows that everything works, measures nothing'),
});

process.exit(await main());

async function main(): Promise<number> {
  const kinds = [options.server, ...(options.against === undefined ? [] : [options.against])].map(toKind);
  for (const kind of kinds) {
    const missing = whyMissing(kind);
    if (missing !== undefined) return refuse(`${kind}: ${missing}`);
  }
  const wanted = options.only?.split(',') ?? names;
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) return refuse(`unknown workload ${unknown.join(', ')}; there are ${names.join(', ')}`);

  const heap = options['apache-heap'];
  if (!/^(jvm|\d+[kmg])$/i.test(heap)) return refuse(`--apache-heap: "${heap}" is neither a size, as 1000m, nor jvm`);
  const apacheArgs = heap === 'jvm' ? [] : [`-Xmx${heap}`];

  const generator = Generator.prepare(options.generator);
  const dataRoot = temporaryDirectory('zk-bench-');
  if (isMemoryFileSystem(dataRoot)) note('warning: the data directory is in memory, writes are not synced to a disk');
  const startedAt = new Date();
  const results = new Results();
  const q = options.quick;

  const steady = steadyWorkloads.filter((workload) => wanted.includes(workload.name));
  const versions: Record<string, string> = {};
  if (steady.length > 0) {
    const servers: RunningServer[] = [];
    for (const kind of kinds) {
      servers.push(await launch({ kind, ...(kind === 'apache' ? { runtimeArgs: apacheArgs } : {}) }));
    }
    for (const server of servers) versions[server.kind] = await versionOf(server);
    const settings = {
      seconds: q ? Math.min(1, options.seconds) : options.seconds,
      warmupSeconds: q ? 0.5 : options.warmup,
      rounds: q ? 1 : options.rounds,
      nodes: 1000,
      dataBytes: 100,
      ...(q ? {} : { maxStolenPercent: options['max-stolen'] }),
    };
    await runSteady(steady, servers, generator, settings, results);
    for (const server of servers) await server.stop();
  }
  const scale = scaleWorkloads.filter((workload) => wanted.includes(workload.name));
  const settings = {
    rounds: q ? 1 : options['scale-rounds'],
    fillNodes: q ? Math.min(20_000, options.nodes) : options.nodes,
    dataBytes: 100,
    sessions: q ? 1_000 : 10_000,
    watchers: q ? 200 : 2_000,
    watches: q ? 20_000 : 200_000,
    settleMs: q ? 500 : 5_000,
    apacheArgs,
  };
  await runScale(scale, kinds, generator, settings, results);

  note('');
  process.stdout.write(`${results.table(kinds)}\n`);
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    loadAverage: loadavg(),
  };
  const figures = results.summaries(kinds);
  writeJson(options.json, {
    startedAt,
    machine,
    generator: generator.kind,
    servers: kinds,
    versions,
    options,
    errors: results.errors,
    figures,
  });
  const verdict = results.errors === 0 ? 'every reply was right' : `${results.errors} replies were errors`;
  process.stdout.write(
    `bench: ${wanted.length} workloads on ${kinds.join(' and ')}, ${generator.kind} generator, ${verdict}\n`,
  );
  return results.errors === 0 ? 0 : 1;
}

function toKind(name: string): ServerKind {
  if (name !== 'zk' && name !== 'apache') process.exit(refuse(`unknown server "${name}": zk or apache`));
  return name;
}

function refuse(message: string): number {
  process.stderr.write(`bench: ${message}\n`);
  return 2;
}

async function versionOf(server: RunningServer): Promise<string> {
  return (await fourLetterWord(server.port, 'srvr')).split('\n')[0] ?? '';
}
