/** What has to be in the tree at the end, and what must not. */
import { hex } from './text.js';

/** ok: acknowledged; failed: refused, without effect; unknown: the connection ended before the reply. */
export type Outcome = 'ok' | 'failed' | 'unknown';

/** A znode that a client tried to add. */
export interface Addition {
  readonly path: string;
  readonly outcome: Outcome;
}

/** Acknowledged additions are there, refused ones are not, and nothing is that nobody added. */
export function checkAdditions(additions: readonly Addition[], present: ReadonlySet<string>): string[] {
  const outcomes = new Map(additions.map(({ path, outcome }) => [path, outcome]));
  const problems: string[] = [];
  for (const [path, outcome] of outcomes) {
    if (outcome === 'ok' && !present.has(path)) problems.push(`${path} was acknowledged and is lost`);
    if (outcome === 'failed' && present.has(path)) problems.push(`${path} was refused and is there`);
  }
  for (const path of present) if (!outcomes.has(path)) problems.push(`${path} is there and nobody added it`);
  return problems;
}

/** Requests sent one behind the other on one connection, without waiting. */
export type Burst = readonly Addition[];

/** What one connection asks for takes effect in its order: of a burst that was cut off, a beginning is there. */
export function checkBursts(bursts: readonly Burst[], present: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const burst of bursts) {
    const missing = burst.find(({ path }) => !present.has(path));
    const later = missing && burst.slice(burst.indexOf(missing)).find(({ path }) => present.has(path));
    if (later !== undefined) problems.push(`${later.path} is there without ${missing!.path}, sent before it`);
  }
  return problems;
}

/** A sequential create; `path` is undefined where its result is unknown. */
export interface SequentialCreate {
  readonly startMs: number;
  readonly endMs: number;
  readonly path: string;
}

/** Names are given once, and a create that began after another was acknowledged gets the larger number. */
export function checkSequence(creates: readonly SequentialCreate[]): string[] {
  const problems: string[] = [];
  const given = new Set<string>();
  for (const { path } of creates) {
    if (given.has(path)) problems.push(`${path} was given twice`);
    given.add(path);
  }
  const ended = [...creates].sort((a, b) => a.endMs - b.endMs);
  let next = 0;
  let largest = '';
  for (const { path, startMs } of [...creates].sort((a, b) => a.startMs - b.startMs)) {
    for (; ended[next] !== undefined && ended[next]!.endMs < startMs; next++) {
      if (ended[next]!.path > largest) largest = ended[next]!.path;
    }
    if (largest > path) problems.push(`${path} was given after ${largest} had been`);
  }
  return problems;
}

/** Increments of a counter under a lock: `value` is what the holder wrote. */
export interface Increment {
  readonly value: number;
  readonly outcome: Outcome;
}

/** Each acknowledged increment has a value of its own, and together with some of the unknown ones they make the end. */
export function checkCounter(increments: readonly Increment[], final: number): string[] {
  const problems: string[] = [];
  const values = new Set<number>();
  const acknowledged = increments.filter(({ outcome }) => outcome === 'ok');
  const unknown = increments.filter(({ outcome }) => outcome === 'unknown').length;
  for (const { value } of acknowledged) {
    if (values.has(value)) problems.push(`two holders of the lock wrote ${value}`);
    if (value > final) problems.push(`${value} was acknowledged and the counter ends at ${final}`);
    values.add(value);
  }
  if (final < acknowledged.length || final > acknowledged.length + unknown) {
    problems.push(`the counter ends at ${final} after ${acknowledged.length} increments and ${unknown} unknown ones`);
  }
  return problems;
}

/** Two znodes that only change together, as one reader saw them. */
export interface PairSeen {
  readonly first: { readonly value: string; readonly version: number };
  readonly second: { readonly value: string; readonly version: number };
  /** Read by one multi, not one behind the other. */
  readonly isAtOnce: boolean;
}

/** Both or none: read at once they are equal, and read one after the other the second is not older. */
export function checkPairs(seen: readonly PairSeen[], refused: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const { first, second, isAtOnce } of seen) {
    const what = `"${first.value}" (version ${first.version}) with "${second.value}" (version ${second.version})`;
    if (first.version > second.version) problems.push(`half a transaction: ${what}`);
    else if (first.version === second.version && first.value !== second.value) problems.push(`a mixture: ${what}`);
    else if (isAtOnce && first.version !== second.version) problems.push(`two states in one multi: ${what}`);
    if (refused.has(first.value) || refused.has(second.value)) problems.push(`part of a refused multi: ${what}`);
  }
  return problems;
}

/** An acknowledged ephemeral. */
export interface EphemeralCreated {
  readonly path: string;
  readonly session: bigint;
}

/** At a moment of quiet: ephemerals of living sessions are there, and those of ended sessions are not. */
export function checkEphemerals(
  created: readonly EphemeralCreated[],
  ended: ReadonlySet<bigint>,
  living: ReadonlySet<bigint>,
  present: ReadonlyMap<string, bigint>,
): string[] {
  const problems: string[] = [];
  for (const { path, session } of created) {
    const owner = present.get(path);
    if (living.has(session) && owner === undefined) problems.push(`${path} is gone, and session ${hex(session)} lives`);
    if (owner !== undefined && owner !== session)
      problems.push(`${path} belongs to ${hex(owner)}, not ${hex(session)}`);
  }
  for (const [path, owner] of present) {
    if (ended.has(owner)) problems.push(`${path} outlives its session ${hex(owner)}`);
  }
  return problems;
}
