import type { RandomSource } from '@zk/contracts';
import { hex32, uuid36 } from './guid.js';

/**
 * Contenders on one path find their order in the names of their nodes: a marker, and behind it the number that the
 * server gave. Every dialect puts something unique in front, so that a node can be found when the reply of its create
 * was lost:
 *
 *     _c_6d7e682c-1050-4efd-92fa-271523cd5b90-lock-0000000001     Curator
 *     9f86d081884c4d63a1f1a2f6b1c7c0de__lock__0000000001          kazoo
 *
 * Curator sorts by the text behind its own marker and by the whole name where there is none, so a node of kazoo comes
 * behind all of Curator's whatever its number. We read the number behind any known marker, and so respect the place of
 * everybody (spec: recipes, sections 3.1, 13.1 and 16.1).
 */
export type Dialect = 'curator' | 'kazoo';

/** Markers that stand before a sequence number. */
export const KNOWN_MARKERS: readonly string[] = Object.freeze([
  'lock-',
  'latch-',
  '__READ__',
  '__WRIT__',
  '__lock__',
  '__rlock__',
]);

/** What goes in front of the name of a protected node: `_c_UUID-`, or 32 hexadecimal digits. Unique per call. */
export function uniquePrefix(dialect: Dialect, random: RandomSource): string {
  return dialect === 'curator' ? `_c_${uuid36(random)}-` : hex32(random);
}

export interface RankedName {
  readonly name: string;
  /** Text by which it is ordered: the number as the server wrote it, or the whole name where there is no marker. */
  readonly key: string;
  /** The marker before the number; undefined for a name of unknown kind. */
  readonly marker: string | undefined;
}

/**
 * Children in the order in which they are served.
 *
 * `curator`: every child takes part, those without a marker by their whole name. `kazoo`: only names that end in a
 * marker and a number. Keys are compared as UTF-16 strings as Java does; for the numbers of the server this is the order
 * of creation until its counter passes 2147483647 (then negative ones come first: spec section 17, trap 4).
 *
 * @param markers those of this recipe; {@link KNOWN_MARKERS} are recognised as well
 */
export function rankNames(
  children: readonly string[],
  markers: readonly string[],
  dialect: Dialect = 'curator',
): RankedName[] {
  const pattern = numberPattern(markers);
  const ranked: RankedName[] = [];
  for (const name of children) {
    const match = pattern.exec(name);
    if (match !== null) ranked.push({ name, key: match[2]!, marker: match[1]! });
    else if (dialect === 'curator') ranked.push({ name, key: keyBehind(name, markers), marker: undefined });
  }
  return ranked.sort(compareRanks);
}

/** What stands behind the last occurrence of a marker: for an own node, its number as the server wrote it. */
export function textBehind(name: string, marker: string): string {
  return keyBehind(name, [marker]);
}

const patterns = new Map<string, RegExp>();

function numberPattern(markers: readonly string[]): RegExp {
  const cacheKey = markers.join('\0');
  let pattern = patterns.get(cacheKey);
  if (pattern === undefined) {
    const all = [...new Set([...markers, ...KNOWN_MARKERS])].map((marker) => marker.replace(/[^\w]/g, '\\$&'));
    // Nine digits: a negative number of fewer than ten is a sign and nine (spec: recipes, section 1).
    pattern = new RegExp(`(${all.join('|')})(-?\\d{9,10})$`);
    patterns.set(cacheKey, pattern);
  }
  return pattern;
}

/** Curator's key: the text behind the last occurrence of each marker in turn. */
function keyBehind(name: string, markers: readonly string[]): string {
  return markers.reduce((key, marker) => {
    const at = key.lastIndexOf(marker);
    return at < 0 ? key : key.slice(at + marker.length);
  }, name);
}

function compareRanks(a: RankedName, b: RankedName): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
