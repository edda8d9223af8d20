import type { ZkClient } from '@zk/client-api';
import { type Stat, hex64 } from '@zk/model';
import type { Call } from '../commands/command.js';
import { exactText, rawData } from '../format/data.js';
import { joinPath, nameOf } from '../format/paths.js';
import { isoTime } from '../format/stat.js';
import { alignLeft } from '../format/table.js';
import { walk } from '../tree/walk.js';
import { type Contender, type RecipeKind, type Recognised, recognise } from './layouts.js';

const TITLES: Readonly<Record<RecipeKind, string>> = {
  lock: 'lock or election',
  readWriteLock: 'read/write lock',
  semaphore: 'semaphore',
  leaderLatch: 'leader latch',
  queue: 'queue',
  doubleBarrier: 'double barrier',
  party: 'party',
  lease: 'lease',
};

const MAX_SHOWN = 50;

interface Shown extends Contender {
  readonly stat: Stat | undefined;
  readonly who: string;
}

/** Walks, and tells about every znode whose children look like a recipe's. */
export async function runRecipes(call: Call): Promise<void> {
  const { client, signal, out } = call;
  let count = 0;
  for (const root of call.paths('/')) {
    for await (const { path, children, stat } of walk(client, root, { signal })) {
      if (path === '/zookeeper' || path.startsWith('/zookeeper/')) continue;
      const found = recognise(children) ?? emptyRecipe(call, path, children);
      // A contender is no recipe, whatever is below it.
      if (found === undefined || (stat !== undefined && stat.ephemeralOwner !== 0n)) continue;
      count++;
      await tell(call, path, found);
    }
  }
  if (count === 0) out.print('nothing that looks like a recipe');
}

/** With `--all`: the skeleton that a semaphore leaves behind. */
function emptyRecipe(call: Call, path: string, children: readonly string[]): Recognised | undefined {
  const isSemaphore = children.includes('leases') && children.includes('locks');
  if (!call.has('all') || !isSemaphore || path === '') return undefined;
  return { kind: 'semaphore', dialect: 'curator', contenders: [], isCertain: false };
}

async function tell(call: Call, path: string, found: Recognised): Promise<void> {
  const { out, client } = call;
  const shown = found.contenders.slice(0, MAX_SHOWN);
  const contenders = await Promise.all(shown.map((contender) => read(client, path, contender)));
  if (out.isJson) {
    out.emit(
      {
        path,
        kind: found.kind,
        dialect: found.dialect,
        certain: found.isCertain,
        count: found.contenders.length,
        contenders: contenders.map(({ name, role, mode, who, stat }) => ({
          name,
          role,
          ...(mode === undefined ? {} : { mode }),
          who,
          session: stat === undefined ? null : `0x${hex64(stat.ephemeralOwner)}`,
          since: stat === undefined ? null : isoTime(stat.ctime),
          token: stat === undefined ? null : String(stat.czxid),
        })),
      },
      '',
    );
    return;
  }
  const kind = `${found.isCertain ? '' : 'perhaps a '}${titleOf(path, found)}`;
  const dialect =
    found.dialect === 'unknown' ? '' : `, ${found.dialect === 'both' ? 'curator and kazoo' : found.dialect}`;
  out.print(`${out.paint('bold', path)}  ${kind}${dialect}, ${countText(found)}`);
  const rows = contenders.map(({ role, mode, who, stat, name }) => [
    `  ${out.paint(role === 'holds' ? 'green' : 'yellow', role === 'item' ? 'item' : role)}`,
    mode ?? '',
    who === '' ? '-' : who,
    stat === undefined || stat.ephemeralOwner === 0n ? '' : `session 0x${hex64(stat.ephemeralOwner)}`,
    stat === undefined ? '' : `since ${isoTime(stat.ctime)}`,
    out.paint('dim', name),
  ]);
  const isModeless = contenders.every(({ mode }) => mode === undefined);
  if (rows.length > 0)
    out.print(alignLeft(isModeless ? rows.map((row) => row.filter((_, column) => column !== 1)) : rows));
  const hidden = found.contenders.length - shown.length;
  if (hidden > 0) out.print(`  … and ${hidden} more`);
}

/** A semaphore has its leases below it, and the lock of those who queue for them. */
function titleOf(path: string, { kind }: Recognised): string {
  if (kind === 'lock' && nameOf(path) === 'locks') return 'lock, perhaps of a semaphore';
  return TITLES[kind];
}

function countText({ kind, contenders }: Recognised): string {
  if (kind === 'queue') return `${contenders.length} item${contenders.length === 1 ? '' : 's'}`;
  const holding = contenders.filter(({ role }) => role === 'holds').length;
  const waiting = contenders.length - holding;
  return waiting === 0 ? `${holding} holding` : `${holding} holding, ${waiting} waiting`;
}

async function read(client: ZkClient, parent: string, contender: Contender): Promise<Shown> {
  try {
    const { data, stat } = await client.get(joinPath(parent, contender.name), { codec: rawData });
    return { ...contender, stat, who: contender.role === 'item' ? sizeOf(data) : whoIs(data) };
  } catch (error) {
    const { name } = error as Error;
    if (name === 'NONODE') return { ...contender, stat: undefined, who: '(gone)' };
    if (name === 'NOAUTH') return { ...contender, stat: undefined, who: '(may not be read)' };
    throw error;
  }
}

function sizeOf(data: Uint8Array | null): string {
  return `${data?.length ?? 0} bytes`;
}

/** What a holder says of itself: our JSON, or any text. */
export function whoIs(data: Uint8Array | null): string {
  const text = data === null ? '' : exactText(data);
  if (text === undefined) return `${data?.length ?? 0} bytes`;
  if (!text.startsWith('{')) return text;
  try {
    const { id, host, pid, purpose } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const place = host === undefined ? undefined : `${String(host)}${pid === undefined ? '' : `:${String(pid)}`}`;
    const parts = [id, place].filter((part) => part !== undefined).map(String);
    return `${parts.join(' ')}${purpose === undefined ? '' : ` (${String(purpose)})`}`.trim() || text;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
