import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** What a process can see of how it came to be. */
export interface Origins {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Standard input: which file, and the flags it was opened with. undefined: the system does not tell. */
  readonly input: { readonly path: string; readonly flags: number } | undefined;
  /** The signals that the parent ignores, a bit each; undefined: the system does not tell. */
  readonly ignoredByParent: bigint | undefined;
}

const ACCESS_MODE = 0o3;
const WRITE_ONLY = 0o1;
const SIGHUP_BIT = 1n;

/**
 * Whether SIGHUP was to be ignored when this process began, as `nohup` asks for. Node puts all signals back to their
 * defaults before it runs anything, so the disposition itself is gone; its traces are not: a shell names the command it
 * has run in `_`, `nohup` gives a write-only /dev/null for a terminal, and a parent that ignores SIGHUP hands that on.
 */
export function isHangupIgnored({ environment, input, ignoredByParent }: Origins): boolean {
  if (basename(environment['_'] ?? '') === 'nohup') return true;
  if (input?.path === '/dev/null' && (input.flags & ACCESS_MODE) === WRITE_ONLY) return true;
  return ignoredByParent !== undefined && (ignoredByParent & SIGHUP_BIT) !== 0n;
}

/** Those of this process; from /proc, where there is one. */
export function ownOrigins(): Origins {
  const flags = /^flags:\s*([0-7]+)$/m.exec(textOf('/proc/self/fdinfo/0'))?.[1];
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(textOf(`/proc/${process.ppid}/status`))?.[1];
  return {
    environment: process.env,
    input: flags === undefined ? undefined : { path: linkOf('/proc/self/fd/0'), flags: Number.parseInt(flags, 8) },
    ignoredByParent: ignored === undefined ? undefined : BigInt(`0x${ignored}`),
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
