/**
 * Two voters, each with an oracle: ours, Apache's, and one of each. The one that is left serves nobody until its oracle says
 * that the other one is lost, then goes on alone, and takes the other one back.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { EnsembleProcesses, Member } from '../lib/ensemble-processes.ts';
import { RawClient } from '../lib/raw-client.ts';
import { Op, body } from '../lib/wire.ts';
import { compareMembers, titleOf } from './ensemble/compare.ts';
import { seatsAgainst, startLedByLast } from './ensemble/members.ts';
import type { Make } from './ensemble/members.ts';
import type { PeerReport } from './harness.ts';
import { installApache } from './install.ts';
import type { Peer, PeerContext } from './peers.ts';
import { tail } from './process.ts';

/** The last one leads at first. */
const PAIRS: readonly (readonly [string, Make, Make])[] = [
  ['ours', 'zk', 'zk'],
  ["ours, led by Apache's", 'zk', 'apache'],
  ["Apache's, led by ours", 'apache', 'zk'],
  ["Apache's", 'apache', 'apache'],
];

/** In the directory of each member, which is where it runs. */
const ORACLE = 'oracle';
/** At each member, at a time. */
const WRITES = 20;
const DEADLINE_MS = 60_000;
const POLL_MS = 50;
/** Longer than a server is held up that serves all the same. */
const ANSWER_MS = 20_000;

export const oracle: Peer = {
  name: 'oracle',
  title:
    "two voters with oracles, of ours and Apache's: one is lost, the other goes on alone, and both are together again",
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    await installApache();
    return async (context) => {
      for (const [name, ...makes] of PAIRS) await runPair(context, name, makes);
    };
  },
};

async function runPair({ report, against }: PeerContext, name: string, makes: readonly Make[]): Promise<void> {
  const seats = makes.map((make) => ({ make, config: { oraclePath: ORACLE } }));
  const ensemble = await startLedByLast(seatsAgainst(against, seats));
  const [first, last] = [ensemble.member(1), ensemble.member(2)];
  try {
    await lose(report, `${name}: the follower is lost`, ensemble, first);
    await lose(report, `${name}: the leader is lost`, ensemble, last);
  } catch (error) {
    report.fail(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    for (const member of ensemble.members) report.addNoise(`${titleOf(member)}:\n${tail(member.output, 15)}`);
  } finally {
    await ensemble.dispose();
  }
}

async function lose(report: PeerReport, name: string, ensemble: EnsembleProcesses, lost: Member): Promise<void> {
  const survivor = ensemble.members.find((member) => member !== lost)!;
  for (const member of ensemble.members) tell(member, '0');
  await write(ensemble, `/before-${lost.id}`);
  await lost.kill();
  report.check(`${name}: ${titleOf(survivor)} serves nobody`, await servesNobody(survivor));

  tell(survivor, '1');
  const { mode } = await survivor.waitServing(DEADLINE_MS);
  report.equal(`${name}: ${titleOf(survivor)} leads when its oracle says so`, mode, 'leader');
  await write(ensemble, `/alone-${lost.id}`, survivor);

  lost.start();
  const leader = await ensemble.waitSettled(DEADLINE_MS);
  report.check(`${name}: ${titleOf(lost)} follows it when it is back`, leader === survivor, `${titleOf(leader)} leads`);
  tell(survivor, '0');
  await write(ensemble, `/together-${lost.id}`);
  await compareMembers(report, name, ensemble.members);
}

function tell(member: Member, word: '0' | '1'): void {
  writeFileSync(join(member.directory, ORACLE), `${word}\n`);
}

/** Writes through one member, or through each of them. */
async function write({ members }: EnsembleProcesses, path: string, ...through: readonly Member[]): Promise<void> {
  for (const member of through.length === 0 ? members : through) {
    const client = await RawClient.open({ port: member.clientPort });
    const answers = await Promise.all(
      Array.from({ length: WRITES }, (_, n) =>
        client.request(Op.create, body.create(`${path}-${member.id}-${n}`, null)),
      ),
    );
    await client.close();
    const { error } = answers.find((answer) => answer.error !== 0) ?? { error: 0 };
    if (error !== 0) throw new Error(`${titleOf(member)} answers ${error} to a create of ${path}`);
  }
}

/** Whether it gives up within the deadline: a leader notices when its follower has been silent for a tick. */
async function servesNobody(member: Member): Promise<boolean> {
  for (const deadline = performance.now() + DEADLINE_MS; performance.now() < deadline; await delay(POLL_MS)) {
    if ((await member.srvr(ANSWER_MS)) === undefined) return true;
  }
  return false;
}
