import { type ClientRuntime, utf8 } from '@zk/client-api';

/**
 * Who holds or waits, for people who look at the tree. It is an input: recipes read neither host name nor process id by
 * themselves. Nothing depends on it.
 */
export interface HolderIdentity {
  readonly id?: string | undefined;
  readonly host?: string | undefined;
  readonly pid?: number | undefined;
  /** What it is for, e.g. the name of the job. */
  readonly purpose?: string | undefined;
  /** Wall-clock milliseconds of when it took its place in the queue. */
  readonly sinceMs?: number | undefined;
}

const EMPTY = new Uint8Array();
const KEYS = ['id', 'host', 'pid', 'purpose', 'sinceMs'] as const;

/** Text as it is; an identity as JSON with the present time; nothing as no bytes, as kazoo does. */
export function identityBytes(
  runtime: ClientRuntime,
  identity: HolderIdentity | string | undefined,
  purpose?: string,
): Uint8Array {
  if (typeof identity === 'string') return utf8.encode(identity) ?? EMPTY;
  if (identity === undefined && purpose === undefined) return EMPTY;
  const all: HolderIdentity = {
    sinceMs: runtime.clock.wallMs(),
    ...identity,
    ...(purpose === undefined ? {} : { purpose }),
  };
  return utf8.encode(JSON.stringify(Object.fromEntries(KEYS.map((key) => [key, all[key]])))) ?? EMPTY;
}

/** What the data of a contender says: our JSON, or any text as an `id` (Curator: the host address); undefined when empty. */
export function identityOf(data: Uint8Array): HolderIdentity | undefined {
  const text = utf8.decode(data);
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return picked(value);
  } catch {
    // Not JSON: somebody else's text.
  }
  return { id: text };
}

function picked(value: object): HolderIdentity {
  const entries = Object.entries(value).filter(
    ([key, item]) => typeof item === (key === 'pid' || key === 'sinceMs' ? 'number' : 'string') && isKey(key),
  );
  return Object.fromEntries(entries) as HolderIdentity;
}

function isKey(key: string): boolean {
  return (KEYS as readonly string[]).includes(key);
}
