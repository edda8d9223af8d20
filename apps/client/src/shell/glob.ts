import type { ZkClient } from '@zk/client-api';
import picomatch from 'picomatch';
import { joinPath } from '../format/paths.js';
import type { Word } from './tokenize.js';

const GLOB = /[*?[{]/;
const MAX_MATCHES = 100_000;

export function isGlob({ text, isQuoted }: Word): boolean {
  return !isQuoted && text.startsWith('/') && GLOB.test(text);
}

/**
 * The paths that a pattern stands for, sorted: `*` and `?` within a name, `[a-z]`, `{a,b}`, and `**` for any number of
 * names. A znode that is called exactly like the pattern comes first and alone, and a pattern that matches nothing
 * stands for itself, so that names of zkCli's scripts keep their meaning.
 */
export async function expandGlob(client: ZkClient, pattern: string, signal: AbortSignal): Promise<readonly string[]> {
  const exact = await client.exists(pattern, { signal }).catch(() => null);
  if (exact !== null) return [pattern];
  const found: string[] = [];
  await expand(client, '/', splitPattern(pattern), found, signal);
  return found.length === 0 ? [pattern] : [...new Set(found)].sort();
}

/** Names of a pattern; a slash inside braces separates nothing. */
function splitPattern(pattern: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 1;
  for (let i = 1; i <= pattern.length; i++) {
    const char = pattern[i];
    if (char === '{') depth++;
    else if (char === '}') depth--;
    if (i === pattern.length || (char === '/' && depth <= 0)) {
      parts.push(pattern.slice(start, i));
      start = i + 1;
    }
  }
  return parts;
}

async function expand(
  client: ZkClient,
  at: string,
  [part, ...others]: readonly string[],
  found: string[],
  signal: AbortSignal,
): Promise<void> {
  if (part === undefined) {
    found.push(at);
    return;
  }
  if (found.length > MAX_MATCHES) throw new RangeError(`a pattern matches more than ${MAX_MATCHES} znodes`);
  if (!GLOB.test(part)) {
    const next = joinPath(at, part);
    // The last name is looked up; one on the way is found out by listing it.
    if (others.length > 0 || (await client.exists(next, { signal })) !== null) {
      await expand(client, next, others, found, signal);
    }
    return;
  }
  const names = await namesBelow(client, at, signal);
  if (part === '**') {
    await expand(client, at, others, found, signal);
    await Promise.all(names.map((name) => expand(client, joinPath(at, name), ['**', ...others], found, signal)));
    return;
  }
  const isMatch = picomatch(part, { dot: true, noextglob: true });
  await Promise.all(
    names.filter((name) => isMatch(name)).map((name) => expand(client, joinPath(at, name), others, found, signal)),
  );
}

/** Nothing where there is nothing, or nothing to be seen. */
async function namesBelow(client: ZkClient, path: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    return (await client.getChildren(path, { signal })).children;
  } catch (error) {
    const { name } = error as Error;
    if (name === 'NONODE' || name === 'NOAUTH') return [];
    throw error;
  }
}
