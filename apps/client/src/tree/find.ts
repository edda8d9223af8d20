import { hex64, parseHex64, type Stat } from '@zk/model';
import picomatch from 'picomatch';
import { UsageError } from '../cli/exit-codes.js';
import type { Call } from '../commands/command.js';
import { dataText, rawData } from '../format/data.js';
import { nameOf } from '../format/paths.js';
import { isoTime, statJson } from '../format/stat.js';
import { mapAhead } from './read-ahead.js';
import { type Visited, walk } from './walk.js';

type Test = (path: string, stat: Stat) => boolean;

/** Prints what passes all tests; with `--delete` deletes it. */
export async function runFind(call: Call): Promise<void> {
  const { out, signal, client } = call;
  const tests = testsOf(call);
  const pattern = dataPattern(call);
  const maxDepth = call.integer('depth', { min: 0 }) ?? Infinity;
  const found: string[] = [];
  for (const root of call.paths('/')) {
    const matches = mapAhead(
      walk(client, root, { signal, maxDepth }),
      async (visited): Promise<Visited | undefined> => {
        const { path, stat } = visited;
        // What may not be listed has no stat from its listing.
        const known = stat ?? (await client.exists(path, { signal }));
        if (known === null || !tests.every((test) => test(path, known))) return undefined;
        if (pattern !== undefined && !(await hasData(call, path, pattern))) return undefined;
        return { ...visited, stat: known };
      },
    );
    for await (const match of matches) {
      if (match === undefined) continue;
      if (call.has('delete')) found.push(match.path);
      else tell(call, match.path, match.stat as Stat);
    }
  }
  await deleteFound(call, found);
  await out.flushed();
}

function tell(call: Call, path: string, stat: Stat): void {
  const { out } = call;
  out.emit({ path, ...(call.has('long') ? { stat: statJson(stat) } : {}) }, () => {
    if (!call.has('long')) return path;
    const owner = stat.ephemeralOwner === 0n ? '' : ` 0x${hex64(stat.ephemeralOwner)}`;
    return `${String(stat.dataLength).padStart(8)} v${String(stat.version).padEnd(6)} ${isoTime(stat.mtime)} ${path}${owner}`;
  });
}

async function deleteFound(call: Call, found: readonly string[]): Promise<void> {
  // Children come after their parents in a walk, and are deleted before them.
  for (const path of [...found].reverse()) {
    try {
      await call.client.delete(path, { signal: call.signal, ifMissing: 'ignore' });
      call.out.emit({ deleted: path }, `deleted ${path}`);
    } catch (error) {
      if ((error as Error).name !== 'NOTEMPTY') throw error;
      call.out.complain(`${path} has children and stays`);
    }
  }
}

async function hasData(call: Call, path: string, pattern: RegExp): Promise<boolean> {
  try {
    const { data } = await call.client.get(path, { codec: rawData, signal: call.signal });
    return data !== null && pattern.test(dataText(data));
  } catch (error) {
    const { name } = error as Error;
    if (name === 'NOAUTH' || name === 'NONODE') return false;
    throw error;
  }
}

function dataPattern(call: Call): RegExp | undefined {
  const text = call.value('data-matches');
  if (text === undefined) return undefined;
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new UsageError(`--data-matches: ${(error as Error).message}`);
  }
}

function testsOf(call: Call): readonly Test[] {
  const tests: Test[] = [];
  const name = call.value('name');
  if (name !== undefined) {
    const isMatch = picomatch(name, { dot: true });
    tests.push((path) => isMatch(nameOf(path)));
  }
  const whole = call.value('path');
  if (whole !== undefined) {
    const isMatch = picomatch(whole, { dot: true });
    tests.push((path) => isMatch(path));
  }
  if (call.has('ephemeral')) tests.push((_, stat) => stat.ephemeralOwner !== 0n);
  if (call.has('persistent')) tests.push((_, stat) => stat.ephemeralOwner === 0n);
  if (call.has('empty')) tests.push((_, stat) => stat.numChildren === 0);
  if (call.has('no-data')) tests.push((_, stat) => stat.dataLength === 0);
  const owner = call.value('owner');
  if (owner !== undefined) {
    const id = parseHex64(owner.replace(/^0x/i, ''));
    if (id === undefined) throw new UsageError(`--owner needs a session id such as 0x100ab, not "${owner}"`);
    tests.push((_, stat) => stat.ephemeralOwner === id);
  }
  const size = call.value('size');
  if (size !== undefined) tests.push(compared('--size', size, sizeOf, (stat) => stat.dataLength));
  const children = call.value('children');
  if (children !== undefined) tests.push(compared('--children', children, countOf, (stat) => stat.numChildren));
  const now = call.shell.io.now();
  for (const [option, isOlder] of [
    ['older', true],
    ['newer', false],
  ] as const) {
    const age = call.value(option);
    if (age === undefined) continue;
    const limitMs = now - ageMs(option, age);
    tests.push((_, stat) => Number(stat.mtime) < limitMs === isOlder);
  }
  return tests;
}

/** `10` exactly, `+10` more, `-10` less. */
function compared(
  option: string,
  text: string,
  parse: (text: string) => number | undefined,
  field: (stat: Stat) => number,
): Test {
  const sign = text[0] === '+' || text[0] === '-' ? text[0] : '';
  const limit = parse(text.slice(sign.length));
  if (limit === undefined) throw new UsageError(`${option} needs a number such as 10, +4k or -1M, not "${text}"`);
  if (sign === '+') return (_, stat) => field(stat) > limit;
  if (sign === '-') return (_, stat) => field(stat) < limit;
  return (_, stat) => field(stat) === limit;
}

function countOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function sizeOf(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kKmM]?)$/.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] as string).toLowerCase();
  return Number(match[1]) * (unit === 'k' ? 1024 : unit === 'm' ? 1024 * 1024 : 1);
}

const AGE_UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function ageMs(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  if (match === null) throw new UsageError(`--${option} needs an age such as 90s, 15m, 12h or 7d, not "${text}"`);
  return Number(match[1]) * (AGE_UNITS_MS[match[2] as string] as number);
}
