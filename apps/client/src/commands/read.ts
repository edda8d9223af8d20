import { UsageError } from '../cli/exit-codes.js';
import { base64Of, dataJson, dataText, hexDump, rawData } from '../format/data.js';
import { joinPath } from '../format/paths.js';
import { statJson, statText } from '../format/stat.js';
import { type Call, type Command, validPath } from './command.js';
import { OPTIONS } from './shared-options.js';
import { NoNodeError } from '@zk/client-api';
import { ErrorCode } from '@zk/model';

const ls: Command = {
  name: 'ls',
  usage: '[-s] [-w] [-R] path',
  summary: 'list the children of a znode',
  options: [
    OPTIONS.stat,
    OPTIONS.watch,
    { letter: 'R', name: 'recursive', summary: 'everything below, one path per line' },
  ],
  args: { min: 1 },
  globs: 'all',
  isZkCli: true,
  async run(call) {
    const { paths, isWatched } = targetOf(call, 'ls path [watch]', 'ls [-w] path');
    for (const path of paths) {
      if (call.has('recursive')) await listBelow(call, path, isWatched);
      else await listChildren(call, path, isWatched, paths.length > 1);
    }
  },
};

const get: Command = {
  name: 'get',
  usage: '[-s] [-w] [-b] [-x] path',
  summary: 'print the data of a znode',
  options: [
    { letter: 'b', name: 'base64', summary: 'as base64' },
    OPTIONS.stat,
    OPTIONS.watch,
    { letter: 'x', name: 'hex', summary: 'as a table of hexadecimal numbers' },
  ],
  args: { min: 1 },
  globs: 'all',
  isZkCli: true,
  async run(call) {
    const { paths, isWatched } = targetOf(call, 'get path [watch]', 'get [-s] [-w] path');
    for (const path of paths) await printData(call, path, isWatched, paths.length > 1);
  },
};

const stat: Command = {
  name: 'stat',
  usage: '[-w] path',
  summary: 'print what is known about a znode besides its data',
  options: [OPTIONS.watch],
  args: { min: 1 },
  globs: 'all',
  isZkCli: true,
  async run(call) {
    const { paths, isWatched } = targetOf(call, 'stat path [watch]', 'stat [-w] path');
    const { client, signal } = call;
    for (const path of paths) {
      const found = isWatched
        ? await call.shell.watches.read('data', path, { watched: () => client.existsAndWatch(path, { signal }) })
        : await client.exists(path, { signal });
      if (found === null) throw new NoNodeError(ErrorCode.NONODE, path);
      const title = paths.length > 1 ? `${path}:\n` : '';
      call.out.emit({ path, stat: statJson(found) }, () => title + statText(found));
    }
  },
};

interface Target {
  readonly paths: readonly string[];
  readonly isWatched: boolean;
}

/**
 * The paths of a command that once took the word `watch` behind the path: zkCli still does, and says so. Globs and
 * several paths are ours, and what begins with a slash is one.
 */
function targetOf(call: Call, old: string, present: string): Target {
  const isOurs = (text: string): boolean => text.startsWith('/') && !call.shell.options.isZkCli;
  const paths = call.args.filter((text, index) => index === 0 || isOurs(text)).map(validPath);
  const isOld = paths.length < call.args.length;
  if (isOld) call.out.complain(`'${old}' has been deprecated. Please use '${present}' instead.`);
  return { paths, isWatched: isOld || call.has('watch') };
}

async function listChildren(call: Call, path: string, isWatched: boolean, isTitled: boolean): Promise<void> {
  const { client, signal, out } = call;
  const { children, stat: found } = isWatched
    ? await call.shell.watches.read('children', path, { watched: () => client.getChildrenAndWatch(path, { signal }) })
    : await client.getChildren(path, { signal });
  const names = [...children].sort();
  out.emit({ path, children: names, ...(call.has('stat') ? { stat: statJson(found) } : {}) }, () => {
    const title = isTitled ? `${path}:\n` : '';
    const list = out.isTerminal ? names.map((name) => out.paint('blue', name)) : names;
    return `${title}[${list.join(', ')}]${call.has('stat') ? `\n${statText(found)}` : ''}`;
  });
}

/** The znode, its children, then what is below each of them: zkCli's order. */
async function listBelow(call: Call, root: string, isWatched: boolean): Promise<void> {
  if (isWatched) {
    const { client, signal } = call;
    await call.shell.watches.read('children', root, { watched: () => client.getChildrenAndWatch(root, { signal }) });
  }
  const tell = (path: string): void => call.out.emit({ path }, path);
  const children = await sortedChildren(call, root);
  tell(root);
  await descend(call, root, children, tell);
}

async function descend(
  call: Call,
  parent: string,
  names: readonly string[],
  tell: (path: string) => void,
): Promise<void> {
  const paths = names.map((name) => joinPath(parent, name));
  for (const path of paths) tell(path);
  // All of one parent are asked for at once; the answers are used in order.
  const below = paths.map((path) => childrenIfAny(call, path));
  for (const pending of below) pending.catch(() => undefined);
  for (const [index, path] of paths.entries()) {
    await descend(call, path, (await below[index]) as readonly string[], tell);
  }
  await call.out.flushed();
}

async function sortedChildren({ client, signal }: Call, path: string): Promise<readonly string[]> {
  return [...(await client.getChildren(path, { signal })).children].sort();
}

/** None for a znode that has gone in the meantime. */
async function childrenIfAny(call: Call, path: string): Promise<readonly string[]> {
  try {
    return await sortedChildren(call, path);
  } catch (error) {
    if ((error as Error).name === 'NONODE') return [];
    throw error;
  }
}

async function printData(call: Call, path: string, isWatched: boolean, isTitled: boolean): Promise<void> {
  const { client, signal, out } = call;
  // A watched read has no codec; whether the znode has no data, or none of any length, is read beside it.
  if (isWatched) {
    await call.shell.watches.read('data', path, { watched: () => client.getAndWatch(path, { signal }) });
  }
  const { data, stat: found } = await client.get(path, { codec: rawData, signal });
  out.emit({ path, ...dataJson(data), ...(call.has('stat') ? { stat: statJson(found) } : {}) }, () => {
    const title = isTitled ? `${path}:\n` : '';
    return `${title}${shownData(call, data)}${call.has('stat') ? `\n${statText(found)}` : ''}`;
  });
}

function shownData(call: Call, data: Uint8Array | null): string {
  // zkCli turns a znode without data into the text "null" before it formats.
  const bytes = data ?? new TextEncoder().encode('null');
  if (call.has('hex')) return hexDump(bytes);
  return call.has('base64') ? base64Of(bytes) : dataText(data);
}

export const readCommands: readonly Command[] = [ls, get, stat];

/** @throws UsageError: a number of an old-style command that is none */
export function versionOf(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw new UsageError(`a version is a whole number, not "${text}"`);
  return Number(text);
}
