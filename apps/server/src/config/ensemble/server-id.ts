import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerId } from '@zk/quorum';
import { codeOf } from '../../errors.js';

/** Session ids begin with 8 bits of the server's; the highest of them marks znodes with a TTL. */
const MAX_ID = 255n;
const MAX_ID_WITH_TTL = 254n;

/**
 * The first line of `myid` in the data directory (spec: operations, section 5). Undefined when it says nothing usable;
 * then `problems` says why.
 */
export function readServerId(dataDir: string, allowsTtl: boolean, problems: string[]): ServerId | undefined {
  const path = join(dataDir, 'myid');
  const line = firstLine(path);
  if (line === undefined) {
    problems.push(`${path}: there is no such file: a server of an ensemble needs it, with its number N of server.N`);
    return undefined;
  }
  if (!/^\d{1,18}$/.test(line)) {
    problems.push(`${path}: the first line must be the number of this server, got "${line}"`);
    return undefined;
  }
  const id = BigInt(line);
  const max = allowsTtl ? MAX_ID_WITH_TTL : MAX_ID;
  if (id <= max) return id;
  const way = id <= MAX_ID ? '; extendedTypesEnabled=false allows 255' : '';
  problems.push(`${path}: the number of this server must be from 0 to ${max}, got ${line}${way}`);
  return undefined;
}

function firstLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/)[0]?.trim();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
