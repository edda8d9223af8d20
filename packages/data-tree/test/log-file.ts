import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files recorded from Apache ZooKeeper 3.9.5 and 3.8.0; `X.json` is the decoded form of `X`. */
export function fixture(name: string): string {
  return join(__dirname, 'fixtures', name);
}

export interface LogEntry {
  readonly zxid: bigint;
  readonly start: number;
  readonly end: number;
}

/** The payloads of a log file: 16 bytes of header, then checksum, length, payload, 'B' until the padding. */
export function readLog(name: string): { bytes: Uint8Array; entries: readonly LogEntry[] } {
  const file = readFileSync(fixture(name));
  const entries: LogEntry[] = [];
  for (let at = 16; at + 12 <= file.length;) {
    const length = file.readInt32BE(at + 8);
    if (length === 0) break;
    const start = at + 12;
    entries.push({ zxid: file.readBigInt64BE(start + 12), start, end: start + length });
    at = start + length + 1;
  }
  return { bytes: new Uint8Array(file), entries };
}
