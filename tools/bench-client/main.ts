/**
 * Clients for Node side by side on one standalone server of ours: `@zk/client`, node-zookeeper-client, and the native
 * `zookeeper` package where it installs. Each round runs in a process of its own, so that no client pays for another's
 * garbage; rounds alternate, and medians count.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installNode } from '../interop/install.ts';
import { launch, repositoryRoot } from '../lib/launch.js';
import { flag, number, optionalText, parseOptions } from '../lib/options.js';
import { human, note, progress, writeJson } from '../lib/report.js';
import { median } from '../lib/statistics.js';

const options = parseOptions(
  'bench-client',
  '100-byte znodes, many calls in flight; then a tree cache of many znodes through a burst of changes.',
  {
    calls: number(200_000, 'n', 'calls of one round'),
    'in-flight': number(1_000, 'n', 'calls on their way at a time'),
    rounds: number(3, 'n', 'rounds of each client'),
    znodes: number(100_000, 'n', 'znodes in the tree cache'),
    changes: number(10_000, 'n', 'changes of the burst'),
    'without-native': flag('do not try to install the native package'),
    json: optionalText('file', 'write the results there (- for stdout)'),
  },
);

interface Round {
  readonly operationsPerSecond: number;
  readonly cpuMicros: number;
}

const worker = join(repositoryRoot, 'tools/bench-client/worker.ts');
const peers = await installNode();
const native = options['without-native'] ? undefined : installNative();
const clients: Record<string, string> = { '@zk/client': '', 'node-zookeeper-client': peers.modules };
if (native !== undefined) clients['zookeeper (native)'] = native;

const server = await launch({ kind: 'zk', config: { maxClientCnxns: 0 } });
const rounds = new Map<string, Round[]>();
for (let round = 0; round < options.rounds; round++) {
  for (const operation of ['get', 'set']) {
    for (const [name, modules] of Object.entries(clients)) {
      progress(`round ${round + 1} of ${options.rounds}: ${operation}, ${name}`);
      const key = `${operation} ${name}`;
      const calls = operation === 'get' ? options.calls : options.calls / 4;
      const result = run(modules, name, operation, String(calls), String(options['in-flight'])) as Round;
      rounds.set(key, [...(rounds.get(key) ?? []), result]);
    }
  }
}
progress('tree cache');
const cache = run('', 'tree cache', 'cache', String(options.znodes), String(options.changes)) as Record<string, number>;
await server.stop();

const results = [...rounds].map(([key, all]) => ({
  what: key,
  operationsPerSecond: median(all.map((round) => round.operationsPerSecond)),
  cpuMicros: median(all.map((round) => round.cpuMicros)),
}));
note('');
for (const { what, operationsPerSecond, cpuMicros } of results) {
  const base = results.find((other) => other.what === `${what.split(' ')[0]!} node-zookeeper-client`)!;
  const ratio = (operationsPerSecond / base.operationsPerSecond).toFixed(2);
  console.log(
    `${what.padEnd(30)} ${human(operationsPerSecond).padStart(9)} calls/s  ${cpuMicros.toFixed(1).padStart(6)} us CPU  ${ratio} x`,
  );
}
console.log(
  `tree cache: ${human(cache['znodes']!)} znodes filled in ${human(cache['fillMs']!)} ms; current ${human(cache['lagMs']!)} ms after the last of ${human(cache['changes']!)} changes (made in ${human(cache['burstMs']!)} ms)`,
);
writeJson(options.json, { options, results, rounds: Object.fromEntries(rounds), cache });

function run(modules: string, client: string, ...args: string[]): unknown {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', worker, client, `127.0.0.1:${server.port}`, ...args],
    { encoding: 'utf8', env: { ...process.env, NODE_PATH: modules }, cwd: repositoryRoot, timeout: 300_000 },
  );
  if (status !== 0) throw new Error(`${client} failed: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

/** Where the native package lies; undefined where there is no build for this platform. */
function installNative(): string | undefined {
  const folder = join(repositoryRoot, '.interop', 'native-client');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "dependencies": { "zookeeper": "7.3.0" } }\n');
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    timeout: 300_000,
  });
  const works =
    status === 0 && spawnSync(process.execPath, ['-e', 'require("zookeeper")'], { cwd: folder }).status === 0;
  if (!works) note('the native package "zookeeper" does not install here: left out');
  return works ? join(folder, 'node_modules') : undefined;
}
