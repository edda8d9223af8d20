import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ZkClient } from '@zk/client-api';
import { CommandError, ExitCode, UsageError } from '../cli/exit-codes.js';
import { type Call, validPath } from '../commands/command.js';
import { below } from '../format/paths.js';
import { mapAhead } from '../tree/read-ahead.js';
import { walk } from '../tree/walk.js';
import { type Exported, type Header, parseExportLine, parseHeader } from './format.js';
import { type Progress, startProgress } from './progress.js';

type Conflict = 'fail' | 'skip' | 'overwrite';

interface Loaded {
  readonly header: Header;
  readonly nodes: readonly Exported[];
}

interface Counts {
  created: number;
  overwritten: number;
  skipped: number;
  ephemerals: number;
  deleted: number;
}

/**
 * Creates what a file says. The whole file is read and checked first, so that a broken one changes nothing, and
 * conflicts are found before anything is created. Then creations go out in the order of the file, many at a time: the
 * server answers requests of one session in order, so a parent is there before its children.
 */
export async function runImport(call: Call): Promise<void> {
  const conflict = choice(call, 'on-conflict', ['fail', 'skip', 'overwrite'], 'fail');
  const ephemerals = choice(call, 'ephemerals', ['skip', 'persistent'], 'skip');
  const inFlight = call.integer('in-flight', { min: 1, max: 10_000 }) ?? 1000;
  const { header, nodes: all } = await load(call, call.args[0] ?? '-');
  const root = validPath(call.args[1] ?? header.root);
  const nodes = all.filter(({ isEphemeral }) => !isEphemeral || ephemerals === 'persistent');
  const counts: Counts = { created: 0, overwritten: 0, skipped: 0, ephemerals: all.length - nodes.length, deleted: 0 };
  const present = await pathsBelow(call, root);
  if (conflict === 'fail' && !call.has('dry-run')) refuseConflicts(nodes, root, present);

  const surplus = call.has('delete') ? surplusOf(nodes, root, present) : [];
  if (call.has('dry-run')) return plan(call, nodes, root, present, surplus, conflict);
  const progress = startProgress(call.out, 'import', nodes.length + surplus.length);
  try {
    await createParents(call, root);
    await createAll(call, nodes, { root, conflict, inFlight, present, counts, progress });
    await deleteAll(call, surplus, inFlight, counts, progress);
  } finally {
    progress.stop();
  }
  call.out.emit({ path: root, ...counts }, summary(counts, root));
}

function choice<const C extends string>(call: Call, option: string, choices: readonly C[], fallback: C): C {
  const text = call.value(option) ?? fallback;
  const found = choices.find((known) => known === text);
  if (found === undefined) throw new UsageError(`--${option} takes ${choices.join(', ')}, not "${text}"`);
  return found;
}

async function load(call: Call, file: string): Promise<Loaded> {
  const lines = createInterface({ input: await open(call, file), crlfDelay: Infinity });
  let header: Header | undefined;
  let lineNumber = 0;
  const nodes: Exported[] = [];
  const seen = new Set<string>(['']);
  for await (const line of lines) {
    lineNumber++;
    if (line.trim() === '') continue;
    if (header === undefined) {
      header = parseHeader(line);
      continue;
    }
    const node = parseExportLine(line, lineNumber);
    const parent = node.relative.slice(0, Math.max(0, node.relative.lastIndexOf('/')));
    if (!seen.has(parent))
      throw new CommandError(`line ${lineNumber}: the parent of ${node.relative} did not come before`);
    seen.add(node.relative);
    nodes.push(node);
  }
  if (header === undefined) throw new CommandError('the file is empty');
  return { header, nodes };
}

async function open(call: Call, file: string): Promise<Readable> {
  if (file === '-') return call.shell.io.input.stream;
  const input = createReadStream(file);
  try {
    await once(input, 'open');
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${(error as Error).message}`, ExitCode.failed, { cause: error });
  }
  if (!file.endsWith('.gz')) return input;
  const gunzip = createGunzip();
  input.pipe(gunzip);
  return gunzip;
}

/** What is there already, the root included. */
async function pathsBelow(call: Call, root: string): Promise<ReadonlySet<string>> {
  const paths = new Set<string>();
  if ((await call.client.exists(root, { signal: call.signal })) === null) return paths;
  for await (const { path, error } of walk(call.client, root, { signal: call.signal })) {
    if (error !== undefined) throw error;
    paths.add(path);
  }
  return paths;
}

function refuseConflicts(nodes: readonly Exported[], root: string, present: ReadonlySet<string>): void {
  // Everybody has a root, and an import into an existing, empty place is what one wants.
  const conflicts = nodes
    .filter(({ relative }) => relative !== '' && present.has(below(root, relative)))
    .map(({ relative }) => below(root, relative));
  if (conflicts.length === 0) return;
  const more = conflicts.length > 3 ? ` and ${conflicts.length - 3} more` : '';
  throw new CommandError(
    `${conflicts.slice(0, 3).join(', ')}${more} exist already, nothing was changed; see --on-conflict and --dry-run`,
    ExitCode.nodeExists,
  );
}

/** Deepest first; nothing that the server keeps for itself. */
function surplusOf(nodes: readonly Exported[], root: string, present: ReadonlySet<string>): readonly string[] {
  const wanted = new Set(nodes.map(({ relative }) => below(root, relative)));
  return [...present]
    .filter((path) => path !== root && !wanted.has(path) && path !== '/zookeeper' && !path.startsWith('/zookeeper/'))
    .reverse();
}

function plan(
  call: Call,
  nodes: readonly Exported[],
  root: string,
  present: ReadonlySet<string>,
  surplus: readonly string[],
  conflict: Conflict,
): void {
  const whenThere = { fail: 'conflict', skip: 'skip', overwrite: 'overwrite' }[conflict];
  for (const { relative } of nodes) {
    const path = below(root, relative);
    const action = !present.has(path) ? 'create' : relative === '' && conflict === 'fail' ? 'overwrite' : whenThere;
    call.out.emit({ action, path }, `${action.padEnd(9)} ${path}`);
  }
  for (const path of surplus) call.out.emit({ action: 'delete', path }, `delete    ${path}`);
}

async function createParents(call: Call, root: string): Promise<void> {
  const parent = root.slice(0, root.lastIndexOf('/'));
  if (parent === '') return;
  await call.client.create(parent, null, { parents: 'persistent', ifExists: 'keep', signal: call.signal });
}

interface Creation {
  readonly root: string;
  readonly conflict: Conflict;
  readonly inFlight: number;
  readonly present: ReadonlySet<string>;
  readonly counts: Counts;
  readonly progress: Progress;
}

async function createAll(call: Call, nodes: readonly Exported[], creation: Creation): Promise<void> {
  const { root, conflict, inFlight, present, counts, progress } = creation;
  const withAcl = !call.has('no-acl');
  const make = async (node: Exported): Promise<void> => {
    const path = below(root, node.relative);
    const acl = withAcl && node.acl !== undefined ? { acl: node.acl } : {};
    const { client, signal } = call;
    if (!present.has(path)) {
      await client.create(path, node.data, { ...acl, signal });
      counts.created++;
    } else if (conflict === 'skip') {
      counts.skipped++;
    } else {
      await client.set(path, node.data, { signal });
      if (withAcl && node.acl !== undefined) await client.setAcl(path, node.acl, { signal });
      counts.overwritten++;
    }
  };
  let told = 0;
  let done = 0;
  const made = mapAhead(nodes, make, inFlight);
  while ((await made.next()).done !== true) {
    if (++done - told < 500) continue;
    progress.advance(done - told);
    told = done;
  }
  progress.advance(done - told);
}

async function deleteAll(
  call: Call,
  paths: readonly string[],
  inFlight: number,
  counts: Counts,
  progress: Progress,
): Promise<void> {
  const remove = (client: ZkClient) => (path: string) =>
    client.delete(path, { signal: call.signal, ifMissing: 'ignore' });
  const removed = mapAhead(paths, remove(call.client), inFlight);
  while ((await removed.next()).done !== true) {
    counts.deleted++;
    progress.advance(1);
  }
}

function summary({ created, overwritten, skipped, ephemerals, deleted }: Counts, root: string): string {
  const parts = [`${created} created`];
  if (overwritten > 0) parts.push(`${overwritten} overwritten`);
  if (skipped > 0) parts.push(`${skipped} left as they were`);
  if (ephemerals > 0) parts.push(`${ephemerals} ephemerals skipped`);
  if (deleted > 0) parts.push(`${deleted} deleted`);
  return `${parts.join(', ')} below ${root}`;
}
