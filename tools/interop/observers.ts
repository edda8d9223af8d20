/**
 * Observers below followers: one of Apache's below ours, one of ours below Apache's, led by either, under the same checks
 * as `mixed`. Each observer has to be where it spares the leader, and finds another follower when its own dies.
 */
import { setTimeout as delay } from 'node:timers/promises';

import type { EnsembleProcesses, Member } from '../lib/ensemble-processes.ts';
import { fourLetterWord, freePort } from '../lib/launch.ts';
import { RawClient } from '../lib/raw-client.ts';
import { Op, body } from '../lib/wire.ts';
import { runCombinations } from './ensemble/combination.ts';
import type { Combination } from './ensemble/combination.ts';
import { titleOf } from './ensemble/compare.ts';
import type { Make, Seat } from './ensemble/members.ts';
import type { PeerReport } from './harness.ts';
import { installApache } from './install.ts';
import type { Peer } from './peers.ts';

interface Arrangement {
  readonly name: string;
  readonly observer: Make;
  /** The last one leads at first. */
  readonly voters: readonly Make[];
}

const ARRANGEMENTS: readonly Arrangement[] = [
  { name: "an observer of Apache's below ours, led by Apache's", observer: 'apache', voters: ['zk', 'zk', 'apache'] },
  { name: "an observer of Apache's below ours, led by ours", observer: 'apache', voters: ['zk', 'zk', 'zk'] },
  { name: "an observer of ours below Apache's, led by ours", observer: 'zk', voters: ['apache', 'apache', 'zk'] },
  {
    name: "an observer of ours below Apache's, led by Apache's",
    observer: 'zk',
    voters: ['apache', 'apache', 'apache'],
  },
  { name: 'an observer of ours below ours, led by ours', observer: 'zk', voters: ['zk', 'zk', 'zk'] },
];

/** Leaders killed in each. */
const KILLS = 1;
const LONG_KILLS = 6;
const DEADLINE_MS = 60_000;
const POLL_MS = 50;
/** Of one question among many. */
const ANSWER_MS = 2_000;

export const observers: Peer = {
  name: 'observers',
  title:
    "observers of ours and Apache's below followers of the other make, under kills of the leader and of the follower",
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    await installApache();
    return async (context) => {
      const combinations: Combination[] = [];
      for (const arrangement of ARRANGEMENTS) combinations.push(combinationOf(arrangement, await freePort()));
      await runCombinations(context, combinations, context.isLong ? LONG_KILLS : KILLS);
    };
  },
};

/** All have the same observer master port, so that each needs an address of its own. */
function combinationOf({ name, observer, voters }: Arrangement, port: number): Combination {
  const config = { observerMasterPort: port };
  const seats: Seat[] = [{ make: observer, isObserver: true }, ...voters.map((make) => ({ make }))].map(
    (seat, index) => ({ ...seat, config, peerAddress: `127.0.0.${index + 2}` }),
  );
  return {
    name,
    seats,
    beforehand: async (report, ensemble) => void (await expectMaster(report, name, ensemble)),
    afterwards: (report, ensemble) => loseMaster(report, name, ensemble),
  };
}

/** The observer says whom it learns from, and that one says that it serves an observer, and does not lead. */
async function expectMaster(report: PeerReport, name: string, ensemble: EnsembleProcesses): Promise<Member> {
  const leader = await ensemble.waitLeader();
  const master = await masterOf(ensemble);
  const where = `${titleOf(ensemble.member(1))} learns from ${titleOf(master)}`;
  report.check(`${name}: ${where}, which follows`, master !== leader);
  const served = await servedBy(master);
  report.check(`${name}: which says so`, Number(served) === 1, `zk_synced_observers ${served}`);
  return master;
}

/** How many observers it says it serves; it is given time to notice one. */
async function servedBy(master: Member): Promise<string | undefined> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const served = await metric(master, 'synced_observers');
    if (Number(served) === 1 || performance.now() > deadline) return served;
    await delay(POLL_MS);
  }
}

/** Its master dies; the observer finds another one, and the leader does not notice it. */
async function loseMaster(report: PeerReport, name: string, ensemble: EnsembleProcesses): Promise<void> {
  const former = await expectMaster(report, name, ensemble);
  await former.kill();
  const master = await masterOf(ensemble, former);
  await ensemble.member(1).waitServing();
  const leader = await ensemble.waitLeader();
  report.check(`${name}: without it, it learns from ${titleOf(master)}, which follows`, master !== leader);
  const client = await RawClient.open({ port: ensemble.member(1).clientPort });
  const { error } = await client.request(Op.create, body.create('/after', null));
  report.check(`${name}: and its clients write`, error === 0, `error ${error}`);
  await client.close();
  former.start();
  await former.waitServing();
}

/** From whom the first member, an observer, learns. */
async function masterOf(ensemble: EnsembleProcesses, not?: Member): Promise<Member> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const id = Number(await metric(ensemble.member(1), 'observer_master_id'));
    if (id > 0 && id !== not?.id) return ensemble.member(id);
    if (performance.now() > deadline) throw new Error(`nobody serves the observer:\n${ensemble.outputs()}`);
    await delay(POLL_MS);
  }
}

async function metric(member: Member, name: string): Promise<string | undefined> {
  const answer = await fourLetterWord(member.clientPort, 'mntr', member.address, ANSWER_MS);
  return new RegExp(`^zk_${name}\\s+(\\S+)`, 'm').exec(answer)?.[1];
}
