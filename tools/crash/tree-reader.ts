/** Reads whole subtrees through an ordinary session. */
import type { RawClient } from '../lib/raw-client.js';
import { body, ByteReader, ErrorCode, Op } from '../lib/wire.js';
import type { ActualNode } from './model.js';

/** Every znode at and below `root`; empty where it does not exist. Nobody may write meanwhile. */
export async function readSubtree(client: RawClient, root: string): Promise<Map<string, ActualNode>> {
  const found = new Map<string, ActualNode>();
  let level = [root];
  while (level.length > 0) {
    const replies = await Promise.all(
      level.map(async (path) => {
        const [data, children] = await Promise.all([
          client.request(Op.getData, body.pathAndFlag(path, false)),
          client.request(Op.getChildren, body.pathAndFlag(path, false)),
        ]);
        return { path, data, children };
      }),
    );
    level = [];
    for (const { path, data, children } of replies) {
      if (data.error === ErrorCode.noNode) continue;
      if (data.error !== 0 || children.error !== 0)
        throw new Error(`reading ${path}: error ${data.error || children.error}`);
      const reader = new ByteReader(data.payload);
      const text = reader.string() ?? '';
      found.set(path, { data: text, stat: reader.stat() });
      for (const name of new ByteReader(children.payload).strings()) level.push(`${path}/${name}`);
    }
  }
  return found;
}
