/**
 * Ensembles of our servers and Apache's together, in every combination of roles: the same answers from every member, a
 * checked workload while leaders of both makes are killed, and equal trees and digests at the end.
 */
import type { EnsembleProcesses } from '../lib/ensemble-processes.ts';
import { compareMembers, titleOf } from './ensemble/compare.ts';
import { clientPorts, seatsAgainst, startLedByLast } from './ensemble/members.ts';
import type { Make, Seat } from './ensemble/members.ts';
import { compareAnswers } from './ensemble/tour.ts';
import { APACHE_SYNC_ATTEMPTS, Workload } from './ensemble/workload.ts';
import type { PeerReport } from './harness.ts';
import { installApache, installApache38 } from './install.ts';
import type { Peer, PeerContext } from './peers.ts';
import { tail } from './process.ts';

interface Combination {
  readonly name: string;
  /** The last one leads at first. */
  readonly seats: readonly Seat[];
}

const voters = (...makes: Make[]): Seat[] => makes.map((make) => ({ make }));
const observer = (make: Make): Seat => ({ make, isObserver: true });

const COMBINATIONS: readonly Combination[] = [
  { name: "ours leads ours and Apache's", seats: voters('apache', 'zk', 'zk') },
  { name: "ours leads two of Apache's", seats: voters('apache', 'apache', 'zk') },
  { name: "Apache's leads two of ours", seats: voters('zk', 'zk', 'apache') },
  { name: "Apache's leads Apache's and ours", seats: voters('apache', 'zk', 'apache') },
  { name: "Apache's with an observer of ours", seats: [observer('zk'), ...voters('apache', 'apache', 'apache')] },
  { name: "ours with an observer of Apache's", seats: [observer('apache'), ...voters('zk', 'zk', 'zk')] },
  { name: "Apache's 3.8 leads ours and Apache's 3.9", seats: voters('apache', 'zk', 'apache38') },
  { name: "ours leads Apache's 3.8 and 3.9", seats: voters('apache38', 'apache', 'zk') },
];

/** Leaders killed in each combination, one after the other. */
const KILLS = 2;
const LONG_KILLS = 12;
/** Acknowledged writes between two events. */
const STRETCH = 150;
const PROGRESS_DEADLINE_MS = 60_000;

export const mixed: Peer = {
  name: 'mixed',
  title: "ensembles of ours and Apache's, in all combinations of roles, under kills of the leader",
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    await installApache();
    await installApache38();
    return async (context) => {
      const left = [...COMBINATIONS];
      const work = async (): Promise<void> => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) await runCombination(context, next);
      };
      // Two at a time, because they wait more than they work.
      await Promise.all([work(), work()]);
    };
  },
};

async function runCombination(context: PeerContext, { name, seats }: Combination): Promise<void> {
  const { report } = context;
  let ensemble: EnsembleProcesses | undefined;
  try {
    ensemble = await startLedByLast(seatsAgainst(context.against, seats));
    await live(report, name, ensemble, context.isLong ? LONG_KILLS : KILLS);
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
