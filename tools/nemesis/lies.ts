/** What no ensemble survives, done behind its back: the checkers have to notice. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Member } from '../lib/ensemble-processes.js';
import { lastEntries } from '../lib/txn-log.js';
import { type Fault, names, type Scene } from './scene.js';

const ENTRIES_LOST = 60;

export const LIES: readonly Fault[] = [
  { name: 'all lose the end of their logs', weight: 1, isCompatible: false, apply: loseEnds },
  { name: 'a majority loses its disks', weight: 1, isCompatible: false, apply: loseMajority },
];

/** As if writes had been acknowledged before they reached a disk. */
async function loseEnds({ ensemble }: Scene): Promise<string> {
  await ensemble.killAll();
  ensemble.members.forEach(cutLog);
  return names(ensemble.members);
}

function cutLog({ dataDir }: Member): void {
  const last = lastEntries(dataDir);
  const first = last?.entries.at(-Math.min(ENTRIES_LOST, last.entries.length));
  if (last === undefined || first === undefined) return;
  const bytes = readFileSync(last.file);
  bytes.fill(0, first.start);
  writeFileSync(last.file, bytes);
}

/** Those without disks make up a quorum before one comes that remembers. */
async function loseMajority({ ensemble }: Scene): Promise<string> {
  await ensemble.killAll();
  const forgetful = ensemble.members.slice(0, Math.floor(ensemble.members.length / 2) + 1);
  for (const member of forgetful) {
    member.wipe();
    member.start();
  }
  await ensemble.waitLeader();
  return names(forgetful);
}
