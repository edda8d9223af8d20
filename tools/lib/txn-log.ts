/** Finds the entries of transaction logs (the format of Apache ZooKeeper 3.9), to damage them in known places. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LogEntry {
  /** Offset of the entry (its checksum) in the file. */
  readonly start: number;
  /** Offset behind its end-of-record byte. */
  readonly end: number;
  readonly zxid: bigint;
  readonly type: number;
}

const FILE_HEADER_BYTES = 16;
const END_OF_RECORD = 0x42;

/** Log files below `dataDir`, by ascending first zxid. */
export function logFiles(dataDir: string): string[] {
  const directory = join(dataDir, 'version-2');
  return readdirSync(directory)
    .filter((name) => /^log\.[0-9a-f]+$/.test(name))
    .sort((a, b) => (BigInt(`0x${a.slice(4)}`) < BigInt(`0x${b.slice(4)}`) ? -1 : 1))
    .map((name) => join(directory, name));
}

/** Complete entries in order; stops, as a server would, at padding or at a torn entry. */
export function logEntries(file: string): LogEntry[] {
  const bytes = readFileSync(file);
  const entries: LogEntry[] = [];
  let at = FILE_HEADER_BYTES;
  while (at + 12 <= bytes.length) {
    const length = bytes.readInt32BE(at + 8);
    const end = at + 12 + length + 1;
    if (length < 32 || end > bytes.length || bytes[end - 1] !== END_OF_RECORD) break;
    entries.push({ start: at, end, zxid: bytes.readBigInt64BE(at + 24), type: bytes.readInt32BE(at + 40) });
    at = end;
  }
  return entries;
}

/** The last file that holds an entry, with its entries. */
export function lastEntries(dataDir: string): { file: string; entries: LogEntry[] } | undefined {
  for (const file of logFiles(dataDir).reverse()) {
    const entries = logEntries(file);
    if (entries.length > 0) return { file, entries };
  }
  return undefined;
}
