/** One ensemble of several makes: the same answers from all, checked work while leaders are killed, equal trees after. */
import type { EnsembleProcesses } from '../../lib/ensemble-processes.ts';
import type { PeerReport } from '../harness.ts';
import type { PeerContext } from '../peers.ts';
import { tail } from '../process.ts';
import { compareMembers, titleOf } from './compare.ts';
import { clientPorts, seatsAgainst, startLedByLast } from './members.ts';
import type { Seat } from './members.ts';
import { compareAnswers } from './tour.ts';
import { APACHE_SYNC_ATTEMPTS, Workload } from './workload.ts';

export interface Combination {
  readonly name: string;
  /** The last one leads at first. */
  readonly seats: readonly Seat[];
  /** What is to be shown before anything happens to it. */
  readonly beforehand?: (report: PeerReport, ensemble: EnsembleProcesses) => Promise<void>;
  /** What else is to be shown, when all that is common to combinations has been. */
  readonly afterwards?: (report: PeerReport, ensemble: EnsembleProcesses) => Promise<void>;
}

/** Acknowledged writes between two events. */
const STRETCH = 150;
const PROGRESS_DEADLINE_MS = 60_000;
/** Of which a quick run has one: so many that ours leads in some, and Apache's in others. */
const QUICK_SHARE = 3;
/** At a time, because they wait more than they work. */
const CONCURRENCY = 2;

/** All of them, in each as many leaders killed as said, one after the other. */
export async function runCombinations(
  context: PeerContext,
  combinations: readonly Combination[],
  kills: number,
): Promise<void> {
  const left = combinations.filter((_, index) => !context.isQuick || index % QUICK_SHARE === 0);
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await runCombination(context, next, kills);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

async function runCombination(context: PeerContext, combination: Combination, kills: number): Promise<void> {
  const { report, against } = context;
  const { name, seats, beforehand, afterwards } = combination;
  let ensemble: EnsembleProcesses | undefined;
  try {
    ensemble = await startLedByLast(seatsAgainst(against, seats));
    await beforehand?.(report, ensemble);
    await live(report, name, ensemble, kills);
    await afterwards?.(report, ensemble);
  } catch (error) {
    report.fail(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    for (const member of ensemble?.members ?? []) report.addNoise(`${titleOf(member)}:\n${tail(member.output, 15)}`);
  } finally {
    await ensemble?.dispose();
  }
}

async function live(report: PeerReport, name: string, ensemble: EnsembleProcesses, kills: number): Promise<void> {
  const { members } = ensemble;
  const leader = await ensemble.waitLeader();
  report.check(`${name}: the one that is to lead leads`, leader === members.at(-1), `${titleOf(leader)} leads`);
  await compareAnswers(report, name, members);
  const workload = await Workload.start({
    ports: clientPorts(members),
    root: '/checked',
    syncAttempts: APACHE_SYNC_ATTEMPTS,
  });
  for (let kill = 1; kill <= kills; kill++) await killLeader(report, `${name}, kill ${kill}`, ensemble, workload);
  await workload.finish(report, name);
  // An observer may still be without a leader: nothing of the above goes to it.
  await ensemble.waitAllServing();
  await compareMembers(report, name, members);
}

/** The leader dies under load, the others go on without it, and it comes back. */
async function killLeader(
  report: PeerReport,
  name: string,
  ensemble: EnsembleProcesses,
  workload: Workload,
): Promise<void> {
  await expectProgress(report, `${name}: clients write`, workload);
  const leader = await ensemble.waitLeader();
  await leader.kill();
  await ensemble.waitLeader();
  await expectProgress(report, `${name}: they write without ${titleOf(leader)}, which led`, workload);
  leader.start();
  await leader.waitServing();
  await expectProgress(report, `${name}: they write when it is back`, workload);
}

async function expectProgress(report: PeerReport, sentence: string, workload: Workload): Promise<void> {
  const before = workload.acknowledged;
  const isDone = await workload.progress(STRETCH, PROGRESS_DEADLINE_MS);
  report.check(sentence, isDone, `${workload.acknowledged - before} writes within ${PROGRESS_DEADLINE_MS} ms`);
}
