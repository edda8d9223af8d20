/** Reads a whole tree through a client into lines that can be compared: data, every field of the stat, ACL. */
import type { RawClient } from '../../lib/raw-client.ts';
import { ByteReader, Op, body } from '../../lib/wire.ts';

/** One line per znode, parents first, names sorted. The client must be allowed to read everything. */
export async function dumpTree(client: RawClient): Promise<string> {
  const lines: string[] = [];
  await visit(client, '/', lines);
  return lines.join('\n');
}

async function visit(client: RawClient, path: string, lines: string[]): Promise<void> {
  const [data, acl, list] = await Promise.all([
    client.request(Op.getData, body.pathAndFlag(path, false)),
    client.request(Op.getACL, body.path(path)),
    client.request(Op.getChildren2, body.pathAndFlag(path, false)),
  ]);
  if (data.error !== 0 || acl.error !== 0 || list.error !== 0) {
    throw new Error(`${path} cannot be read: errors ${data.error}, ${acl.error}, ${list.error}`);
  }
  const reader = new ByteReader(data.payload);
  const bytes = reader.bytes();
  const stat = Object.entries(reader.stat())
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  lines.push(`${path} ${bytes === null ? 'null' : `"${bytes.toString('latin1')}"`} ${stat} ${readAcl(acl.payload)}`);
  const children = new ByteReader(list.payload).strings().sort();
  for (const child of children) await visit(client, path === '/' ? `/${child}` : `${path}/${child}`, lines);
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
