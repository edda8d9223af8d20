/** `npm run nemesis`: an ensemble of real processes under fire and a checked workload. See README.md. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EnsembleProcesses, type MemberSpec } from '../lib/ensemble-processes.js';
import { repositoryRoot, type ServerKind, whyMissing } from '../lib/launch.js';
import { number, optionalText, parseOptions, text } from '../lib/options.js';
import { freshSeed, SeededRandom } from '../lib/random.js';
import { note, progress, writeJson } from '../lib/report.js';
import { BallastDisk } from './ballast-disk.js';
import { FAULTS } from './faults.js';
import { Namespaces } from './namespaces.js';
import type { Network } from './network.js';
import { Proxies } from './proxies.js';
import { printReport, type RunReport } from './run-report.js';
import { type RoundReport, Rounds } from './rounds.js';
import type { Scene } from './scene.js';
import { CHECKS, type Problem } from './verdicts.js';
import { History } from './workload/history.js';
import { Workers } from './workload/workers.js';

const options = parseOptions('nemesis', 'Torments an ensemble of real processes and checks what its clients see.', {
  servers: number(3, 'n', 'members, at least 3'),
  minutes: number(10, 'min', 'how long'),
  seed: number(-1, 'n', 'repeats the choices of an earlier run; -1 draws one'),
  impl: text('ours', 'impl', 'ours, apache or mixed'),
  clients: number(6, 'n', 'sessions that do everything but lock'),
  lockers: number(3, 'n', 'sessions that count under a lock'),
  think: number(60, 'ms', 'longest pause of a client between two operations'),
  tick: number(500, 'ms', 'tickTime of the ensemble'),
  network: text('auto', 'kind', 'namespaces, proxies, or auto: what this machine allows'),
  only: optionalText('text', 'only faults with this in their names'),
  json: optionalText('file', 'write the results there (- for stdout)'),
});

/** A session lives so many ticks without a word from its client. */
const SESSION_TICKS = 8;
const RECOVERY_LIMIT_MS = 60_000;

process.exit(await main());

async function main(): Promise<number> {
  const kinds = kindsOf(options.impl);
  if (kinds === undefined) return refuse('--impl is ours, apache or mixed');
  if (options.servers < 3) return refuse('--servers is at least 3');
  for (const kind of new Set(kinds)) {
    const missing = whyMissing(kind);
    if (missing !== undefined) return refuse(missing);
  }
  const seed = options.seed < 0 ? freshSeed() : options.seed;
  const network = await networkOf(options.network);
  note(`nemesis: seed ${seed}, ${options.servers} servers (${options.impl}), ${network.description}`);
  const ensemble = await prepareEnsemble(kinds, network);
  const random = new SeededRandom(seed);
  const disk = mountDisk(ensemble, random);
  const scene: Scene = { ensemble, network, random, disk, tickMs: options.tick, sleep: delay };
  const kept = join(repositoryRoot, 'data', `nemesis-${seed}`);
  mkdirSync(kept, { recursive: true });
  const report = await torment(scene, seed, new History(join(kept, 'history.jsonl')));
  if (report.problems.length > 0) ensemble.keep(join(kept, 'servers'));
  await ensemble.killAll();
  disk?.dispose();
  await ensemble.dispose();
  network.dispose();
  printReport(report, kept);
  writeJson(options.json, report);
  return report.problems.length === 0 ? 0 : 1;
}

async function torment(scene: Scene, seed: number, history: History): Promise<RunReport> {
  const sessionTimeoutMs = SESSION_TICKS * scene.tickMs;
  const workers = new Workers(history, {
    endpoints: scene.ensemble.members.map(({ id, address, clientPort }) => ({
      member: id,
      host: address,
      port: clientPort,
    })),
    seed,
    mixed: options.clients,
    lockers: options.lockers,
    sessionTimeoutMs,
    thinkMs: options.think,
  });
  const faults = FAULTS.filter(({ name }) => name.includes(options.only ?? ''));
  const impossible = faults.flatMap((fault) => {
    const why = fault.whyImpossible?.(scene);
    return why === undefined ? [] : [`${fault.name}: ${why}`];
  });
  for (const line of impossible) note(`left out: ${line}`);
  note('left out: jumps of the wall clock, which processes cannot have for themselves');
  scene.ensemble.startAll();
  const usable = faults.filter((fault) => fault.whyImpossible?.(scene) === undefined);
  const rounds = new Rounds({ scene, workers, sessionTimeoutMs, recoveryLimitMs: RECOVERY_LIMIT_MS, faults: usable });
  const reports: RoundReport[] = [];
  const problems = await guarded(() => runRounds(rounds, reports));
  history.flush();
  return {
    command: `npm run nemesis -- --seed ${seed} --servers ${options.servers} --impl ${options.impl} --minutes ${options.minutes}`,
    network: scene.network.description,
    checks: Object.keys(CHECKS),
    impossible,
    rounds: reports,
    operations: Object.fromEntries(history.counts),
    problems,
  };
}

async function runRounds(rounds: Rounds, reports: RoundReport[]): Promise<Problem[]> {
  await rounds.setUp();
  const end = performance.now() + options.minutes * 60_000;
  while (performance.now() < end) {
    const report = await rounds.run();
    reports.push(report);
    const { round, longestGapMs, recoveryMs, problems } = report;
    progress(`round ${round}: gap ${longestGapMs.toFixed(0)} ms, recovered in ${recoveryMs.toFixed(0)} ms`);
    if (problems.length > 0) return [...problems];
  }
  return rounds.compareAll();
}

/** What ends the run before its time is a finding as well. */
async function guarded(run: () => Promise<Problem[]>): Promise<Problem[]> {
  try {
    return await run();
  } catch (error) {
    return [
      { check: 'the run comes to its end', detail: error instanceof Error ? (error.stack ?? '') : String(error) },
    ];
  }
}

function kindsOf(impl: string): readonly ServerKind[] | undefined {
  const kinds: Readonly<Record<string, readonly ServerKind[]>> = {
    ours: ['zk'],
    apache: ['apache'],
    mixed: ['zk', 'apache'],
  };
  return kinds[impl];
}

async function networkOf(kind: string): Promise<Network> {
  const problem = Namespaces.whyMissing();
  if (kind === 'proxies' || (kind === 'auto' && problem !== undefined)) {
    if (problem !== undefined) note(`proxies instead of namespaces: ${problem}`);
    return Proxies.listen(options.servers);
  }
  if (problem !== undefined) throw new Error(problem);
  return new Namespaces(options.servers);
}

function prepareEnsemble(kinds: readonly ServerKind[], network: Network): Promise<EnsembleProcesses> {
  const members = Array.from({ length: options.servers }, (_, i): MemberSpec => {
    const kind = kinds[i % kinds.length]!;
    const address = network.addressOf(i + 1);
    return { kind, address, wrapper: network.wrapperOf(i + 1) };
  });
  const { peerSeenBy } = network;
  return EnsembleProcesses.prepare({
    members,
    config: { tickTime: options.tick, preAllocSize: 64, snapCount: 5_000 },
    ...(peerSeenBy === undefined ? {} : { peerSeenBy }),
  });
}

/** One member gets a small disk of its own; undefined where none can be mounted. */
function mountDisk(ensemble: EnsembleProcesses, random: SeededRandom): BallastDisk | undefined {
  try {
    return new BallastDisk(random.pick(ensemble.members));
  } catch {
    return undefined;
  }
}

function refuse(message: string): number {
  process.stderr.write(`nemesis: ${message}\n`);
  return 2;
}
