/** One ensemble from its first start to its end, and the report about it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EnsembleProcesses, type MemberSpec } from '../lib/ensemble-processes.js';
import { repositoryRoot, type ServerKind } from '../lib/launch.js';
import { SeededRandom } from '../lib/random.js';
import { note, progress } from '../lib/report.js';
import { BallastDisk } from './ballast-disk.js';
import { Namespaces } from './namespaces.js';
import type { Network } from './network.js';
import { Proxies } from './proxies.js';
import type { RunReport } from './run-report.js';
import { type RoundReport, Rounds } from './rounds.js';
import type { Fault, Scene } from './scene.js';
import { CHECKS, type Problem } from './verdicts.js';
import { History } from './workload/history.js';
import { WallClocks } from './wall-clocks.js';
import { Workers } from './workload/workers.js';

export interface TormentOptions {
  readonly servers: number;
  /** What the members are, by turns. */
  readonly kinds: readonly ServerKind[];
  readonly seed: number;
  readonly minutes: number;
  /** Sessions that do everything but lock, and sessions that do nothing else. */
  readonly clients: number;
  readonly lockers: number;
  readonly thinkMs: number;
  readonly tickMs: number;
  readonly network: NetworkKind;
  readonly faults: readonly Fault[];
  /** Repeats the run. */
  readonly command: string;
}

export type NetworkKind = 'auto' | 'namespaces' | 'proxies';

/** A session lives so many ticks without a word from its client. */
const SESSION_TICKS = 8;
const RECOVERY_LIMIT_MS = 120_000;

/** Throws Error where there can be no network of that kind. */
export async function torment(options: TormentOptions): Promise<RunReport> {
  const { seed, tickMs } = options;
  const network = await networkOf(options.network, options.servers);
  note(`nemesis: seed ${seed}, ${options.servers} servers (${options.kinds.join(', ')}), ${network.description}`);
  const wallClocks = new WallClocks(options.servers);
  const ensemble = await prepareEnsemble(options, network, wallClocks);
  const random = new SeededRandom(seed);
  const disk = mountDisk(ensemble, random);
  const evidence = join(repositoryRoot, 'data', `nemesis-${seed}`);
  mkdirSync(evidence, { recursive: true });
  const history = new History(join(evidence, 'history.jsonl'));
  const scene = { ensemble, network, random, disk, wallClocks, tickMs, sleep: delay };
  const report = await runOn(scene, options, history);
  if (report.problems.length > 0) ensemble.keep(join(evidence, 'servers'));
  await ensemble.killAll();
  disk?.dispose();
  wallClocks.dispose();
  await ensemble.dispose();
  network.dispose();
  return { ...report, evidence };
}

async function runOn(scene: Scene, options: TormentOptions, history: History): Promise<Omit<RunReport, 'evidence'>> {
  const workers = workersFor(scene, options, history);
  const impossible = options.faults.flatMap((fault) => {
    const why = fault.whyImpossible?.(scene);
    return why === undefined ? [] : [`${fault.name}: ${why}`];
  });
  for (const line of impossible) note(`left out: ${line}`);
  const faults = options.faults.filter((fault) => fault.whyImpossible?.(scene) === undefined);
  scene.ensemble.startAll();
  const sessionTimeoutMs = SESSION_TICKS * scene.tickMs;
  const rounds = new Rounds({ scene, workers, sessionTimeoutMs, recoveryLimitMs: RECOVERY_LIMIT_MS, faults });
  const reports: RoundReport[] = [];
  const problems = await guarded(() => runRounds(rounds, reports, options.minutes));
  history.flush();
  return {
    command: options.command,
    network: scene.network.description,
    checks: Object.keys(CHECKS),
    impossible,
    rounds: reports,
    operations: Object.fromEntries(history.counts),
    problems,
  };
}

async function runRounds(rounds: Rounds, reports: RoundReport[], minutes: number): Promise<Problem[]> {
  await rounds.setUp();
  const end = performance.now() + minutes * 60_000;
  do {
    const report = await rounds.run();
    reports.push(report);
    const { round, longestGapMs, recoveryMs, problems } = report;
    progress(`round ${round}: gap ${longestGapMs.toFixed(0)} ms, recovered in ${recoveryMs.toFixed(0)} ms`);
    if (problems.length > 0) return [...problems];
  } while (performance.now() < end);
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

function workersFor(scene: Scene, options: TormentOptions, history: History): Workers {
  return new Workers(history, {
    endpoints: scene.ensemble.members.map(({ id, address, clientPort }) => ({
      member: id,
      host: address,
      port: clientPort,
    })),
    seed: options.seed,
    mixed: options.clients,
    lockers: options.lockers,
    sessionTimeoutMs: SESSION_TICKS * options.tickMs,
    thinkMs: options.thinkMs,
  });
}

async function networkOf(kind: NetworkKind, servers: number): Promise<Network> {
  const problem = Namespaces.whyMissing();
  if (problem === undefined && kind !== 'proxies') return new Namespaces(servers);
  if (kind === 'namespaces') throw new Error(problem);
  if (problem !== undefined) note(`proxies instead of namespaces: ${problem}`);
  return Proxies.listen(servers);
}

function prepareEnsemble(
  { servers, kinds, tickMs }: TormentOptions,
  network: Network,
  wallClocks: WallClocks,
): Promise<EnsembleProcesses> {
  const members = Array.from({ length: servers }, (_, i): MemberSpec => {
    const kind = kinds[i % kinds.length]!;
    const [address, wrapper] = [network.addressOf(i + 1), network.wrapperOf(i + 1)];
    return { kind, address, wrapper, env: wallClocks.environmentOf(i + 1) };
  });
  const { peerSeenBy } = network;
  return EnsembleProcesses.prepare({
    members,
    config: { tickTime: tickMs, preAllocSize: 64, snapCount: 5_000 },
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
