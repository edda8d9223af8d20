/** Reads whole subtrees through an ordinary session, some of it at a time. */
import type { RawClient } from '../lib/raw-client.js';
import { body, ByteReader, ErrorCode, Op } from '../lib/wire.js';
import type { Tree, TreeNode } from './checkers/trees.js';

/** Requests in flight: more would only wait in the server. */
const AT_ONCE = 400;

/** Every znode at and below `root`. Nobody may create or delete meanwhile, but for ephemerals that expire. */
export async function readTree(client: RawClient, root: string): Promise<Tree> {
  const found = new Map<string, TreeNode>();
  const left = [root];
  while (left.length > 0) {
    const replies = await Promise.all(left.splice(-AT_ONCE).map((path) => readNode(client, path)));
    for (const one of replies) {
      if (one === undefined) continue;
      found.set(one.path, one.node);
      left.push(...one.children);
    }
  }
  return found;
}

async function readNode(
  client: RawClient,
  path: string,
): Promise<{ path: string; node: TreeNode; children: string[] } | undefined> {
  const reply = await client.request(Op.getData, body.pathAndFlag(path, false));
  if (reply.error === ErrorCode.noNode) return undefined;
  if (reply.error !== ErrorCode.ok) throw new Error(`reading ${path}: error ${reply.error}`);
  const reader = new ByteReader(reply.payload);
  const node = { data: reader.string() ?? '', stat: reader.stat() };
  const children = node.stat.numChildren === 0 ? [] : await childrenOf(client, path);
  return { path, node, children };
}

async function childrenOf(client: RawClient, path: string): Promise<string[]> {
  const reply = await client.request(Op.getChildren, body.pathAndFlag(path, false));
  if (reply.error === ErrorCode.noNode) return [];
  if (reply.error !== ErrorCode.ok) throw new Error(`children of ${path}: error ${reply.error}`);
  return new ByteReader(reply.payload).strings().map((name) => `${path}/${name}`);
}
