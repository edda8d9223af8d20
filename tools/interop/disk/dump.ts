/** Reads a whole tree through a client into lines that can be compared: data, every field of the stat, ACL. */
import type { RawClient } from '../../lib/raw-client.ts';
import { ByteReader, Op, body } from '../../lib/wire.ts';

const NO_NODE = -101;

/** How often a tree may change while it is read. */
const MAX_ATTEMPTS = 20;

/**
 * One line per znode, parents first, names sorted. The client must be allowed to read everything. A tree from which a
 * znode goes between being listed and being read (a container that is taken away) is read again from the start.
 */
export async function dumpTree(client: RawClient): Promise<string> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const lines: string[] = [];
    if (await visit(client, '/', lines)) return lines.join('\n');
  }
  throw new Error(`the tree changed while it was read, ${MAX_ATTEMPTS} times in a row`);
}

/** What a member of an ensemble shares with the others, behind a sync: each writes the configuration by its own clock. */
export async function dumpSharedTree(client: RawClient): Promise<string> {
  await client.request(Op.sync, body.path('/'));
  const dump = await dumpTree(client);
  return dump.replace(/^(\/zookeeper\/config "[^"]*" .*) mtime=\d+/m, '$1');
}

/** False when the znode is not there any more. */
async function visit(client: RawClient, path: string, lines: string[]): Promise<boolean> {
  const [data, acl, list] = await Promise.all([
    client.request(Op.getData, body.pathAndFlag(path, false)),
    client.request(Op.getACL, body.path(path)),
    client.request(Op.getChildren2, body.pathAndFlag(path, false)),
  ]);
  const errors = [data.error, acl.error, list.error];
  if (errors.includes(NO_NODE)) return false;
  if (errors.some((error) => error !== 0)) {
    throw new Error(`${path} cannot be read: errors ${errors.join(', ')}`);
  }
  const reader = new ByteReader(data.payload);
  const bytes = reader.bytes();
  const stat = Object.entries(reader.stat())
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  lines.push(`${path} ${bytes === null ? 'null' : `"${bytes.toString('latin1')}"`} ${stat} ${readAcl(acl.payload)}`);
  const children = new ByteReader(list.payload).strings().sort();
  for (const child of children) {
    if (!(await visit(client, path === '/' ? `/${child}` : `${path}/${child}`, lines))) return false;
  }
  return true;
}

function readAcl(payload: Buffer): string {
  const reader = new ByteReader(payload);
  const entries: string[] = [];
  for (let left = reader.int32(); left > 0; left--) {
    const permissions = reader.int32();
    entries.push(`${reader.string()}:${reader.string()}:${permissions}`);
  }
  return entries.join(',');
}
