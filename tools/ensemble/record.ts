/** A file in the data directory that says which ensemble runs there, for whoever wants to ask its servers. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemberFacts } from './status.js';

export interface EnsembleRecord {
  /** The process that started the servers, and stops them. */
  readonly pid: number;
  readonly servers: readonly MemberFacts[];
}

export function writeRecord(directory: string, record: EnsembleRecord): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileIn(directory), `${JSON.stringify(record, null, 2)}\n`);
}

export function removeRecord(directory: string): void {
  rmSync(fileIn(directory), { force: true });
}

/** Undefined where no ensemble runs, also where one left its record behind. */
export function readRecord(directory: string): EnsembleRecord | undefined {
  const file = fileIn(directory);
  if (!existsSync(file)) return undefined;
  const record = JSON.parse(readFileSync(file, 'utf8')) as EnsembleRecord;
  return isAlive(record.pid) ? record : undefined;
}

function fileIn(directory: string): string {
  return join(directory, 'ensemble.json');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process lives as well.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
