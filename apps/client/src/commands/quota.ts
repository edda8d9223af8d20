import { CommandError, ExitCode, UsageError } from '../cli/exit-codes.js';
import { dataText, rawData } from '../format/data.js';
import { joinPath, parentOf } from '../format/paths.js';
import { type Call, type Command, validPath } from './command.js';
import type { ZkClient } from '@zk/client-api';

const QUOTA_ROOT = '/zookeeper/quota';
const LIMITS = 'zookeeper_limits';
const STATS = 'zookeeper_stats';

/** Limits, or what there is; -1 where there is no limit. */
interface Quota {
  readonly count: number;
  readonly bytes: number;
  readonly countHardLimit: number;
  readonly byteHardLimit: number;
}

const NO_LIMITS: Quota = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 };

const KINDS = [
  { letter: 'n', name: 'count', field: 'count', title: 'num soft quota' },
  { letter: 'b', name: 'bytes', field: 'bytes', title: 'bytes soft quota' },
  { letter: 'N', name: 'hard-count', field: 'countHardLimit', title: 'num hard quota' },
  { letter: 'B', name: 'hard-bytes', field: 'byteHardLimit', title: 'bytes hard quota' },
] as const;

type Kind = (typeof KINDS)[number];

/** The text of a limits node, as every version since 3.5 reads it. */
export function quotaText({ count, bytes, countHardLimit, byteHardLimit }: Quota): string {
  return `count=${count},bytes=${bytes}=;byteHardLimit=${byteHardLimit};countHardLimit=${countHardLimit}`;
}

/** Reads a limits or a stats node; what is absent has no limit. */
export function parseQuota(text: string): Quota {
  const field = (name: string): number => Number(new RegExp(`(?:^|[,;=])${name}=(-?\\d+)`).exec(text)?.[1] ?? -1);
  return {
    count: field('count'),
    bytes: field('bytes'),
    countHardLimit: field('countHardLimit'),
    byteHardLimit: field('byteHardLimit'),
  };
}

const listQuota: Command = {
  name: 'listquota',
  usage: 'path',
  summary: 'print the quota of a znode, and what it uses',
  options: [],
  args: { min: 1 },
  globs: 'first',
  isZkCli: true,
  async run(call) {
    const path = call.args[0] as string;
    const node = `${QUOTA_ROOT}${path}`;
    if (!call.out.isJson) call.out.complain(`absolute path is ${node}/${LIMITS}`);
    if (!path.startsWith('/')) return missing(call, path);
    validPath(`${node}/${LIMITS}`);
    const limits = await textOf(call.client, `${node}/${LIMITS}`);
    if (limits === undefined) return missing(call, path);
    const stats = await textOf(call.client, `${node}/${STATS}`);
    call.out.emit({ path, limits: parseQuota(limits), usage: stats === undefined ? null : usageOf(stats) }, () => {
      const lines = [`Output quota for ${path} ${limits}`];
      if (stats !== undefined) lines.push(`Output stat for ${path} ${stats}`);
      return lines.join('\n');
    });
    return ExitCode.ok;
  },
};

function missing(call: Call, path: string): number {
  if (call.out.isJson) call.out.emit({ path, limits: null, usage: null }, '');
  else call.out.complain(`quota for ${path} does not exist.`);
  return ExitCode.ok;
}

function usageOf(text: string): Pick<Quota, 'count' | 'bytes'> {
  const { count, bytes } = parseQuota(text);
  return { count, bytes };
}

async function textOf(client: ZkClient, path: string): Promise<string | undefined> {
  try {
    return dataText((await client.get(path, { codec: rawData })).data);
  } catch (error) {
    if ((error as Error).name === 'NONODE') return undefined;
    throw error;
  }
}

const setQuota: Command = {
  name: 'setquota',
  usage: '-n|-b|-N|-B val path',
  summary: 'limit what is below a znode',
  options: KINDS.map(({ letter, name, title }) => ({ letter, name, value: 'val', summary: title })),
  args: { min: 0 },
  isZkCli: true,
  async run(call) {
    const kind = theKind(call);
    if (kind === undefined) {
      const groups = KINDS.map(({ letter, title }) => `-${letter} ${title}`).join(', ');
      throw new UsageError(`Missing required option: [${groups}]`);
    }
    if (call.args[0] === undefined) throw call.usage();
    const path = call.path();
    const value = Number(call.value(kind.name));
    if (!/^[+-]?\d+$/.test(call.value(kind.name) ?? '')) {
      throw new UsageError('NumberFormatException happens when parsing the option value');
    }
    if (value <= 0)
      throw new UsageError(`the ${/num/.test(kind.title) ? 'num' : 'bytes'} quota must be greater than zero`);
    await applyQuota(call, path, { [kind.field]: value });
    if (call.out.isJson) call.out.emit({ path, [kind.field]: value }, '');
  },
};

/** @throws UsageError when two are given */
function theKind(call: Call): Kind | undefined {
  const given = KINDS.filter(({ name }) => call.has(name));
  if (given.length > 1) {
    const [first, second] = given as [Kind, Kind];
    throw new UsageError(
      `The option '${second.letter}' was specified but an option from this group has already been selected: '${first.letter}'`,
    );
  }
  return given[0];
}

async function applyQuota(call: Call, path: string, change: Partial<Quota>): Promise<void> {
  const { client } = call;
  if ((await client.exists(path)) === null) throw new CommandError(`${path} does not exist.`, ExitCode.noNode);
  validPath(`${QUOTA_ROOT}${path}`);
  await checkNesting(client, path);
  const limitsPath = `${QUOTA_ROOT}${path}/${LIMITS}`;
  const present = await textOf(client, limitsPath);
  const limits = { ...(present === undefined ? NO_LIMITS : parseQuota(present)), ...change };
  const data = new TextEncoder().encode(quotaText(limits));
  if (present === undefined) {
    await client.create(limitsPath, data, { parents: 'persistent', ifExists: 'set' });
    // The server counts as soon as it sees the node, and writes what it has counted into this one.
    await client.create(`${QUOTA_ROOT}${path}/${STATS}`, new TextEncoder().encode('count=0,bytes=0'), {
      ifExists: 'keep',
    });
  } else {
    await client.set(limitsPath, data);
  }
  const stats = await textOf(client, `${QUOTA_ROOT}${path}/${STATS}`);
  if (stats !== undefined) warn(call, limits, parseQuota(stats));
}

function warn(call: Call, limits: Quota, used: Quota): void {
  const exceeds = (soft: number, hard: number, present: number): boolean =>
    (soft > -1 && present > soft) || (hard > -1 && present > hard);
  if (exceeds(limits.count, limits.countHardLimit, used.count)) {
    call.out.print(`[Warning]: the count quota you create is less than the existing count:${used.count}`);
  }
  if (exceeds(limits.bytes, limits.byteHardLimit, used.bytes)) {
    call.out.print(`[Warning]: the bytes quota you create is less than the existing bytes:${used.bytes}`);
  }
}

/** @throws CommandError when a znode above or below has a quota: the server counts for one only */
async function checkNesting(client: ZkClient, path: string): Promise<void> {
  const own = await childrenOf(client, `${QUOTA_ROOT}${path}`, path);
  const pending = own.filter((name) => !isQuotaNode(name));
  while (pending.length > 0) {
    const below = pending.shift() as string;
    const names = await childrenOf(client, `${QUOTA_ROOT}${below}`, below);
    if (names.some((name) => name.endsWith(`/${LIMITS}`))) {
      throw new CommandError(`${path} has a child ${below} which has a quota`);
    }
    pending.push(...names.filter((name) => !isQuotaNode(name)));
  }
  for (let above = parentOf(path); above !== '/'; above = parentOf(above)) {
    if ((await client.exists(`${QUOTA_ROOT}${above}/${LIMITS}`)) !== null) {
      throw new CommandError(`${path} has a parent ${above} which has a quota`);
    }
  }
}

function isQuotaNode(path: string): boolean {
  return path.endsWith(`/${LIMITS}`) || path.endsWith(`/${STATS}`);
}

/** Paths, as `path` and the names of what is below the quota's node. */
async function childrenOf(client: ZkClient, node: string, path: string): Promise<string[]> {
  try {
    const { children } = await client.getChildren(node);
    return [...children].sort().map((name) => joinPath(path, name));
  } catch (error) {
    if ((error as Error).name === 'NONODE') return [];
    throw error;
  }
}

const delQuota: Command = {
  name: 'delquota',
  usage: '[-n|-b|-N|-B] path',
  summary: 'lift a limit, or all of them',
  options: KINDS.map(({ letter, name, title }) => ({ letter, name, summary: `only the ${title}` })),
  args: { min: 1 },
  globs: 'first',
  isZkCli: true,
  async run(call) {
    const kind = theKind(call);
    const path = call.args[0] as string;
    const limitsPath = `${QUOTA_ROOT}${path}/${LIMITS}`;
    const present = path.startsWith('/') && path !== '/' ? await textOf(call.client, validPath(limitsPath)) : undefined;
    if (present === undefined) {
      call.out.emit({ path, deleted: false }, `Quota does not exist for ${path}`);
      return;
    }
    if (kind === undefined) await removeQuota(call.client, path);
    else {
      const limits = { ...parseQuota(present), [kind.field]: -1 };
      await call.client.set(limitsPath, new TextEncoder().encode(quotaText(limits)));
    }
    if (call.out.isJson) call.out.emit({ path, deleted: true }, '');
  },
};

/** The limits, the stats, and the parents that nobody needs any more. */
async function removeQuota(client: ZkClient, path: string): Promise<void> {
  const node = `${QUOTA_ROOT}${path}`;
  await client.delete(`${node}/${LIMITS}`, { ifMissing: 'ignore' });
  await client.delete(`${node}/${STATS}`, { ifMissing: 'ignore' });
  for (let at = node; at !== QUOTA_ROOT; at = parentOf(at)) {
    try {
      await client.delete(at, { ifMissing: 'ignore' });
    } catch (error) {
      if ((error as Error).name === 'NOTEMPTY') return;
      throw error;
    }
  }
}

export const quotaCommands: readonly Command[] = [listQuota, setQuota, delQuota];
