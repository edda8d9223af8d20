/**
 * `npm run bench-ensemble`: what three servers do together, ours and Apache's in turn. What is measured and what it has
 * to be is written in README.md next to this file.
 */
import { cpus, loadavg, release, totalmem } from 'node:os';
import { Generator } from '../bench/generator.js';
import { Results } from '../bench/results.js';
import { type ServerKind, whyMissing } from '../lib/launch.js';
import { flag, number, optionalText, parseOptions, text } from '../lib/options.js';
import { type CheckResult, Checks, note, writeJson } from '../lib/report.js';
import { catchUp } from './catch-up.js';
import { deposed } from './deposed.js';
import { failover } from './failover.js';
import { judge } from './floors.js';
import { observer } from './observer.js';
import type { Context, Settings } from './part.js';
import { floorsFor } from './promises.js';
import { speed } from './speed.js';

const options = parseOptions('bench-ensemble', 'Measures ensembles of three servers. Without a part, all of them.', {
  against: optionalText('server', 'second implementation to measure in alternation: apache'),
  server: text('zk', 'server', 'first implementation: zk or apache'),
  failover: number(0, 'n', 'part: deaths of a leader, then of a follower, under a stream of writes; n of each'),
  deposed: number(0, 'n', 'part: leaders that are paused, and cut off; n of each'),
  speed: flag('part: throughput, latency, processor time'),
  observer: flag('part: what an observer adds and takes'),
  'catch-up': flag('part: a follower that lost its disk, and one that missed many transactions'),
  rounds: number(3, 'n', 'rounds of each load; medians are shown'),
  seconds: number(5, 's', 'measured time per load and round'),
  warmup: number(2, 's', 'unmeasured time before it'),
  'max-stolen': number(
    10,
    '%',
    'a round of --speed during which a hypervisor took more is measured again, at most twice',
  ),
  pause: number(16, 's', 'how long a leader is paused, at least'),
  nodes: number(1_000_000, 'n', 'znodes of the catch-up'),
  missed: number(100_000, 'n', 'transactions that are missed'),
  generator: text('auto', 'kind', 'load generator: c, node, auto'),
  profiles: optionalText('directory', 'our servers leave profiles of their processor time there when they stop'),
  json: optionalText('file', 'write all figures there (- for stdout)'),
  smoke: flag('small and short: shows that everything works; its figures mean nothing and are not judged'),
});

const parts: readonly { name: string; isWanted: boolean; run: (context: Context) => Promise<void> }[] = [
  { name: 'failover', isWanted: options.failover > 0, run: failover },
  { name: 'deposed', isWanted: options.deposed > 0, run: deposed },
  { name: 'speed', isWanted: options.speed, run: speed },
  { name: 'observer', isWanted: options.observer, run: observer },
  { name: 'catch-up', isWanted: options['catch-up'], run: catchUp },
];

process.exit(await main());

async function main(): Promise<number> {
  const kinds = [options.server, ...(options.against === undefined ? [] : [options.against])].map(toKind);
  for (const kind of kinds) {
    const missing = whyMissing(kind);
    if (missing !== undefined) return refuse(`${kind}: ${missing}`);
  }
  const startedAt = new Date();
  const generator = Generator.prepare(options.generator);
  const context = { kinds, generator, settings: settings(), results: new Results(), checks: new Checks() };
  const wanted = parts.some(({ isWanted }) => isWanted) ? parts.filter(({ isWanted }) => isWanted) : parts;
  for (const part of wanted) await part.run(context);
  return report(context, startedAt);
}

function settings(): Settings {
  const s = options.smoke;
  return {
    rounds: s ? 1 : options.rounds,
    seconds: s ? Math.min(1, options.seconds) : options.seconds,
    warmupSeconds: s ? 0.5 : options.warmup,
    dataBytes: 100,
    ...(s ? {} : { maxStolenPercent: options['max-stolen'] }),
    failovers: options.failover || (s ? 1 : 10),
    pauses: options.deposed || (s ? 1 : 3),
    pauseMs: options.pause * 1000,
    fillNodes: s ? Math.min(20_000, options.nodes) : options.nodes,
    missedTransactions: s ? Math.min(5_000, options.missed) : options.missed,
    profiles: options.profiles,
  };
}

function report({ kinds, generator, results, checks }: Context, startedAt: Date): number {
  const figures = results.summaries(kinds);
  for (const verdict of judge(floorsFor(cpus().length, options.smoke), figures)) {
    checks.check(verdict.name, verdict.passed, verdict.detail);
  }
  checks.check('every reply was right', results.errors === 0, `${results.errors} replies were errors`);
  note('');
  process.stdout.write(`${results.table(kinds)}\n`);
  const outcomes = worstOfEach(checks.results);
  for (const { name, passed, detail } of outcomes) {
    process.stdout.write(`${passed ? 'pass' : 'FAIL'}  ${name}: ${detail ?? ''}\n`);
  }
  const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? '', memoryBytes: totalmem(), kernel: release() };
  const where = { ...machine, node: process.version, loadAverage: loadavg() };
  const about = { startedAt, machine: where, generator: generator.kind, kinds, options };
  writeJson(options.json, { ...about, errors: results.errors, figures, checks: checks.results });
  const failed = outcomes.filter(({ passed }) => !passed).length;
  process.stdout.write(`bench-ensemble: ${outcomes.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** One result for each name: rounds repeat checks, and the first failure says it all. */
function worstOfEach(results: readonly CheckResult[]): CheckResult[] {
  const byName = new Map<string, CheckResult>();
  for (const result of results) if (byName.get(result.name)?.passed !== false) byName.set(result.name, result);
  return [...byName.values()];
}

function toKind(name: string): ServerKind {
  if (name !== 'zk' && name !== 'apache') process.exit(refuse(`unknown server "${name}": zk or apache`));
  return name;
}

function refuse(message: string): number {
  process.stderr.write(`bench-ensemble: ${message}\n`);
  return 2;
}
