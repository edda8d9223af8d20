/** Checks the checker: servers that lie, made by damaging the data directory between kill and restart. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory, type ServerKind } from '../lib/launch.js';
import { Checks, note } from '../lib/report.js';
import { lastEntries } from '../lib/txn-log.js';
import { runKillRounds } from './kill-rounds.js';
import { runSyncBeforeAck } from './sync-before-ack.js';

interface Lie {
  readonly name: string;
  readonly damage: (dataDir: string, round: number) => void;
}

const lies: readonly Lie[] = [
  { name: 'acknowledged writes at the end of the log are lost', damage: (dataDir) => cutLog(dataDir, 40) },
  { name: 'the state of an earlier restart comes back', damage: rollBack },
];

export async function runSelfTest(kind: ServerKind, seed: number, checks: Checks): Promise<Record<string, string>> {
  const details: Record<string, string> = {};
  for (const lie of lies) {
    const dataDir = temporaryDirectory('zk-crash-lie-');
    note(`self-test: ${lie.name}`);
    const inner = new Checks();
    const settings = { kind, dataDir, kills: 3, seed, workers: 4, outstanding: 4, stopsAtFailure: true };
    await runKillRounds({ ...settings, betweenKillAndStart: (round) => lie.damage(dataDir, round) }, inner);
    const found = inner.results.filter((result) => !result.passed).map((result) => result.name);
    details[lie.name] = [...new Set(found)].join('; ');
    checks.check(`noticed: ${lie.name}`, found.length > 0, [...new Set(found)].join('; ') || 'nothing was noticed');
  }
  note('self-test: the server does not sync at all');
  const inner = new Checks();
  await runSyncBeforeAck(kind, inner, { forceSync: 'no' });
  details['no sync'] = `${inner.failed} of ${inner.results.length} checks failed`;
  checks.check('noticed: the server does not sync at all', inner.failed > 0, details['no sync']);
  return details;
}

/** Zeroes the last `count` entries: as if they had been acknowledged before they reached the disk. */
function cutLog(dataDir: string, count: number): void {
  const last = lastEntries(dataDir);
  const first = last?.entries.at(-Math.min(count, last.entries.length));
  if (last === undefined || first === undefined) return;
  const bytes = readFileSync(last.file);
  bytes.fill(0, first.start);
  writeFileSync(last.file, bytes);
}

function rollBack(dataDir: string, round: number): void {
  const live = join(dataDir, 'version-2');
  const kept = join(dataDir, 'kept');
  if (round === 1) {
    cpSync(live, kept, { recursive: true });
    return;
  }
  rmSync(live, { recursive: true });
  cpSync(kept, live, { recursive: true });
}
