import type { ZkClient } from '@zk/client-api';
import type { Acl } from '@zk/model';
import { ExitCode } from '../cli/exit-codes.js';
import { type Call, validPath } from '../commands/command.js';
import { permsText } from '../format/acl.js';
import { briefText, dataJson } from '../format/data.js';
import { relativeTo } from '../format/paths.js';
import { Connection } from '../shell/connection.js';
import { walk } from './walk.js';

interface Item {
  /** Below the root of its side; the key by which both sides are merged. */
  readonly relative: string;
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[] | undefined;
}

interface DiffOptions {
  readonly withAcl: boolean;
  readonly withEphemerals: boolean;
  readonly withSystem: boolean;
  readonly signal: AbortSignal;
}

/** Characters of data. */
const MAX_SHOWN = 120;

/** Walks both sides at the same time, in the same order, and merges them: neither is kept in memory. */
export async function runDiff(call: Call): Promise<number> {
  const left = call.path(0);
  const right = call.args[1] === undefined ? left : validPath(call.args[1]);
  const server = call.value('server');
  const other = server === undefined ? undefined : await connectOther(call, server);
  const options: DiffOptions = {
    withAcl: call.has('acl'),
    withEphemerals: call.has('ephemerals'),
    withSystem: call.has('system'),
    signal: call.signal,
  };
  try {
    const count = await merge(
      call,
      items(call.client, left, options),
      items(other?.client ?? call.client, right, options),
    );
    return count === 0 ? ExitCode.ok : ExitCode.failed;
  } finally {
    await other?.close();
  }
}

async function connectOther(call: Call, servers: string): Promise<Connection> {
  const { shell } = call;
  const connection = new Connection(shell.io, { text: servers, options: shell.connection.options }, () => undefined);
  connection.open();
  await connection.ready(call.signal, shell.options.connectTimeoutMs);
  return connection;
}

async function* items(client: ZkClient, root: string, options: DiffOptions): AsyncGenerator<Item> {
  const { withAcl, withEphemerals, withSystem, signal } = options;
  const visited = walk(client, root, { signal, reads: { data: true, acl: withAcl } });
  for await (const { path, stat, data, acl, error } of visited) {
    if (!withSystem && (path === '/zookeeper' || path.startsWith('/zookeeper/'))) continue;
    // What one may not see cannot be compared, and silence would mean that it is the same.
    if (error !== undefined) throw error;
    if (!withEphemerals && stat !== undefined && stat.ephemeralOwner !== 0n) continue;
    yield { relative: relativeTo(root, path), path, data: data ?? null, acl };
  }
}

/** @returns the number of differences */
async function merge(call: Call, left: AsyncGenerator<Item>, right: AsyncGenerator<Item>): Promise<number> {
  let count = 0;
  const tell = (json: unknown, text: () => string): void => {
    count++;
    if (!call.has('quiet')) call.out.emit(json, text);
  };
  try {
    let [a, b] = await Promise.all([left.next(), right.next()]);
    while (a.done !== true || b.done !== true) {
      const order = a.done === true ? 1 : b.done === true ? -1 : compareInWalkOrder(a.value.relative, b.value.relative);
      if (order < 0) {
        const item = a.value as Item;
        tell({ only: 'left', path: item.path }, () => call.out.paint('red', `< ${item.path}`));
        a = await left.next();
      } else if (order > 0) {
        const item = b.value as Item;
        tell({ only: 'right', path: item.path }, () => call.out.paint('green', `> ${item.path}`));
        b = await right.next();
      } else {
        compare(call, a.value as Item, b.value as Item, tell);
        [a, b] = await Promise.all([left.next(), right.next()]);
      }
    }
  } finally {
    await Promise.all([left.return(undefined), right.return(undefined)]);
  }
  return count;
}

/** The order of a walk: name by name, so that `/a/x` comes before `/a-b`. */
export function compareInWalkOrder(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i] as string, right[i] as string];
    if (x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function compare(call: Call, a: Item, b: Item, tell: (json: unknown, text: () => string) => void): void {
  if (!sameBytes(a.data, b.data)) {
    tell({ differs: 'data', path: a.path, other: b.path, left: dataJson(a.data), right: dataJson(b.data) }, () =>
      [
        call.out.paint('yellow', `! ${a.path}${a.path === b.path ? '' : ` ${b.path}`}: data`),
        call.out.paint('red', `  < ${briefText(a.data, MAX_SHOWN)}`),
        call.out.paint('green', `  > ${briefText(b.data, MAX_SHOWN)}`),
      ].join('\n'),
    );
  }
  const [left, right] = [aclKey(a.acl), aclKey(b.acl)];
  if (left !== right) {
    tell({ differs: 'acl', path: a.path, other: b.path, left, right }, () =>
      [
        call.out.paint('yellow', `! ${a.path}${a.path === b.path ? '' : ` ${b.path}`}: acl`),
        call.out.paint('red', `  < ${left}`),
        call.out.paint('green', `  > ${right}`),
      ].join('\n'),
    );
  }
}

function aclKey(acl: readonly Acl[] | undefined): string {
  return (acl ?? [])
    .map(({ scheme, id, perms }) => `${scheme}:${id}:${permsText(perms)}`)
    .sort()
    .join(',');
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
