/** Torn logs; lost, full and slow disks. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Member } from '../lib/ensemble-processes.js';
import { repositoryRoot } from '../lib/launch.js';
import type { SeededRandom } from '../lib/random.js';
import { lastEntries } from '../lib/txn-log.js';
import { type Fault, minorityOf, names, restartBehind, type Scene } from './scene.js';

export const diskFaults: readonly Fault[] = [
  { name: 'kill a minority, torn logs', weight: 3, isCompatible: true, apply: async (s) => tearLogs(s, minorityOf(s)) },
  { name: 'kill all, torn logs', weight: 3, isCompatible: false, apply: async (s) => tearLogs(s, s.ensemble.members) },
  { name: 'a minority loses its disks', weight: 3, isCompatible: false, apply: loseDisks },
  {
    name: 'a full disk',
    weight: 3,
    isCompatible: false,
    mayEndProcess: true,
    whyImpossible: ({ disk }) => (disk === undefined ? 'no small file system can be mounted' : undefined),
    apply: fillDisk,
  },
  {
    name: 'a slow disk',
    weight: 2,
    isCompatible: false,
    whyImpossible: ({ ensemble }) =>
      ensemble.members.some(({ kind }) => kind === 'zk') ? undefined : 'only our server can be made to sync slowly',
    apply: slowDisk,
  },
];

async function tearLogs({ random }: Scene, members: readonly Member[]): Promise<string> {
  await Promise.all(members.map((member) => member.kill()));
  const torn = members.map((member) => `${names([member])} ${tearLog(member, random)}`);
  return torn.join(', ');
}

/**
 * Leaves the beginning of one more record behind the last one, as a crash in the middle of an append does: nothing
 * that had been written is lost. The file ends there, or goes on with the zeroes of its preallocation.
 */
function tearLog(member: Member, random: SeededRandom): string {
  const last = lastEntries(member.dataDir);
  const entry = last?.entries.at(-1);
  if (last === undefined || entry === undefined) return '(no log)';
  const record = readFileSync(last.file).subarray(entry.start, entry.end);
  const torn = record.subarray(0, random.between(1, record.length - 1));
  const isPadded = random.chance(0.5);
  const fd = openSync(last.file, 'r+');
  writeSync(fd, torn, 0, torn.length, entry.end);
  if (!isPadded) ftruncateSync(fd, entry.end + torn.length);
  closeSync(fd);
  return `(${torn.length} of ${record.length} bytes${isPadded ? ', padded' : ''})`;
}

/**
 * What they had acknowledged is only on the disks of the others, so nothing else may happen until they are back: an
 * ensemble promises to survive a crash of a minority and no more.
 */
async function loseDisks(scene: Scene): Promise<string> {
  const { ensemble } = scene;
  const members = minorityOf(scene);
  await ensemble.waitSettled();
  await Promise.all(members.map((member) => member.kill()));
  for (const member of members) {
    member.wipe();
    member.start();
  }
  await ensemble.waitSettled();
  return names(members);
}

async function fillDisk({ disk, sleep, tickMs, random }: Scene): Promise<string> {
  if (disk === undefined) return 'nobody';
  disk.fill();
  await sleep(random.between(4, 12) * tickMs);
  return names([disk.member]);
}

async function slowDisk(scene: Scene): Promise<string> {
  const { ensemble, random, network } = scene;
  const member = random.pick(ensemble.members.filter(({ kind }) => kind === 'zk'));
  const delayMs = random.between(50, 800);
  const preload = `--require=${join(repositoryRoot, 'tools', 'crash', 'slow-sync.cjs')}`;
  const slow = ['env', `NODE_OPTIONS=${preload}`, `ZK_SLOW_SYNC_MS=${delayMs}`];
  await restartBehind(member, [...network.wrapperOf(member.id), ...slow]);
  return `${names([member])}, ${delayMs} ms`;
}
