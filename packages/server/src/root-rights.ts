import { permsOf } from '@zk/data-tree';
import { type Id, Perms } from '@zk/model';
import type { ZkServer } from './zk-server.js';

const ROOT = Uint8Array.of(0x2f);

/** Whether these ids may do everything to the root znode. */
export function hasEveryRight({ database, providers, options }: ZkServer, ids: readonly Id[]): boolean {
  if (options.skipAcl) return true;
  const { tree } = database;
  const entries = tree.acls.entries(tree.aclKey(tree.find(ROOT, 0, ROOT.length)));
  return permsOf(entries, ids, providers) === Perms.all;
}
