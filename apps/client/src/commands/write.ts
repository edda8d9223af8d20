import type { CreateModeName } from '@zk/client-api';
import { type Acl, MAX_TTL_MS } from '@zk/model';
import { CommandError, ExitCode, UsageError } from '../cli/exit-codes.js';
import { parseAcl } from '../format/acl.js';
import { bytesOfBase64 } from '../format/data.js';
import { statJson, statText } from '../format/stat.js';
import { deleteTree } from '../tree/delete-tree.js';
import type { Call, Command } from './command.js';
import { versionOf } from './read.js';
import { OPTIONS } from './shared-options.js';

const create: Command = {
  name: 'create',
  usage: '[-s] [-e] [-c] [-t ttl] path [data] [acl]',
  summary: 'create a znode',
  details: `
Without data the znode has none (null). The ACL is scheme:id:perms[,scheme:id:perms…], perms some of cdrwa.

  create /app "some text"
  create -s /app/task- "numbered by the server"
  create -p /a/b/c                         with its parents
  create /secret x digest:user:hash=:cdrwa`,
  options: [
    { letter: 's', name: 'sequential', summary: 'the server adds a number of ten digits' },
    { letter: 'e', name: 'ephemeral', summary: 'goes with this session' },
    { letter: 'c', name: 'container', summary: 'goes when its last child has gone' },
    { letter: 't', name: 'ttl', value: 'ms', summary: 'goes when it was not changed for so long, and has no children' },
    { letter: 'p', name: 'parents', summary: 'create missing parents' },
    { letter: 'b', name: 'base64', summary: 'the data is given as base64' },
  ],
  args: { min: 1 },
  isZkCli: true,
  run: runCreate,
};

async function runCreate(call: Call): Promise<void> {
  const { mode, ttl } = createMode(call);
  const path = call.args[0] as string;
  const data = call.args[1] === undefined ? null : bytesOf(call, call.args[1]);
  const acl = aclArgument(call, 2, 'KeeperErrorCode = InvalidACL\n');
  // zkCli checks the path of an ordinary znode only after the server's rule for sequential ones.
  validCreatePath(call, mode);
  const created = await call.client.create(path, data as Uint8Array, {
    mode,
    signal: call.signal,
    ...(ttl === undefined ? {} : { ttl }),
    ...(acl === undefined ? {} : { acl }),
    ...(call.has('parents') ? { parents: 'persistent' as const } : {}),
  });
  if (call.out.isJson) call.out.emit({ created: created.path }, '');
  else call.out.complain(`Created ${created.path}`);
}

function createMode(call: Call): { readonly mode: CreateModeName; readonly ttl: number | undefined } {
  const [isSequential, isEphemeral, isContainer] = [
    call.has('sequential'),
    call.has('ephemeral'),
    call.has('container'),
  ];
  const ttlText = call.value('ttl');
  if (isContainer && (isSequential || isEphemeral)) {
    throw new UsageError('-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.');
  }
  if (ttlText === undefined) {
    if (isContainer) return { mode: 'container', ttl: undefined };
    if (isEphemeral) return { mode: isSequential ? 'ephemeralSequential' : 'ephemeral', ttl: undefined };
    return { mode: isSequential ? 'persistentSequential' : 'persistent', ttl: undefined };
  }
  if (!/^[+-]?\d+$/.test(ttlText)) throw new UsageError('-t argument must be a long value');
  if (isEphemeral) throw new UsageError('TTLs cannot be used with Ephemeral znodes');
  if (isContainer) throw new UsageError('TTLs cannot be used with Container znodes');
  const ttl = Number(ttlText);
  if (ttl <= 0 || ttl > MAX_TTL_MS) {
    throw new UsageError(`ttl must be positive and cannot be larger than: ${MAX_TTL_MS}`);
  }
  return { mode: isSequential ? 'persistentSequentialWithTtl' : 'persistentWithTtl', ttl };
}

/** A sequential znode may be called like its parent and a slash: the number is its name. */
function validCreatePath(call: Call, mode: CreateModeName): void {
  const path = call.args[0] as string;
  if (!/sequential/i.test(mode) || !path.endsWith('/')) call.path(0);
}

/**
 * An argument that is an ACL; complaints about it are printed.
 * @throws CommandError when nothing is left of it, as zkCli has it: without the path, which no server was told
 */
export function aclArgument(call: Call, index: number, prefix = ''): readonly Acl[] | undefined {
  const text = call.args[index];
  if (text === undefined) return undefined;
  const { acl, complaints } = parseAcl(text);
  for (const complaint of complaints) call.out.complain(complaint);
  if (acl.length > 0) return acl;
  throw new CommandError(`${prefix}Acl is not valid : null`, ExitCode.failed);
}

function bytesOf(call: Call, text: string): Uint8Array {
  if (!call.has('base64')) return new TextEncoder().encode(text);
  const bytes = bytesOfBase64(text);
  if (bytes === undefined) throw new UsageError(`not base64: ${text}`);
  return bytes;
}

const set: Command = {
  name: 'set',
  usage: 'path data [-s] [-v version] [-b]',
  summary: 'replace the data of a znode',
  options: [OPTIONS.stat, OPTIONS.version, { letter: 'b', name: 'base64', summary: 'the data is given as base64' }],
  args: { min: 2 },
  isZkCli: true,
  async run(call) {
    const path = call.path();
    // zkCli ignores a third one, which once was the version: whoever still writes it must not lose his condition.
    if (call.args.length > 2 && !call.shell.options.isZkCli) throw call.usage();
    const version = call.integer('version');
    const stat = await call.client.set(path, bytesOf(call, call.args[1] as string), {
      signal: call.signal,
      ...(version === undefined ? {} : { version }),
    });
    if (call.out.isJson) call.out.emit({ path, stat: statJson(stat) }, '');
    else if (call.has('stat')) call.out.print(statText(stat));
  },
};

const remove: Command = {
  name: 'delete',
  usage: '[-v version] path',
  summary: 'delete a znode that has no children',
  options: [OPTIONS.version],
  args: { min: 1 },
  globs: 'all',
  completes: 'all',
  isZkCli: true,
  async run(call) {
    const isOld = call.args.length === 2 && /^-?\d+$/.test(call.args[1] as string);
    if (isOld) {
      call.out.complain("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.");
    }
    const version = call.integer('version') ?? (isOld ? versionOf(call.args[1] as string) : undefined);
    const count = isOld || call.shell.options.isZkCli ? 1 : call.args.length;
    for (const [index] of call.args.slice(0, count).entries()) {
      const path = call.path(index);
      await call.client.delete(path, { signal: call.signal, ...(version === undefined ? {} : { version }) });
      if (call.out.isJson) call.out.emit({ deleted: path }, '');
    }
  },
};

const deleteAll: Command = {
  name: 'deleteall',
  usage: 'path [-b batch size]',
  summary: 'delete a znode and everything below it',
  options: [{ letter: 'b', name: 'batch', value: 'size', summary: 'deletions on their way at a time; default 1000' }],
  args: { min: 1 },
  globs: 'all',
  completes: 'all',
  isZkCli: true,
  async run(call) {
    const batch = call.value('batch') ?? '1000';
    if (!/^\+?\d+$/.test(batch) || Number(batch) < 1) throw new UsageError('-b argument must be an int value');
    for (const [index] of call.args.entries()) {
      const path = call.path(index);
      const { deleted, failed } = await deleteTree(call.client, path, { batch: Number(batch), signal: call.signal });
      if (call.out.isJson) call.out.emit({ deletedTree: path, deleted, failed }, '');
      if (failed > 0) throw new CommandError('Failed to delete some node(s) in the subtree!', ExitCode.failed);
      if (call.shell.options.isZkCli) return;
    }
  },
};

export const writeCommands: readonly Command[] = [create, set, remove, deleteAll];
