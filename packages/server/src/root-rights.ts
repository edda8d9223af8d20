import { checkAcl } from '@zk/data-tree';
import { type Id, Perms } from '@zk/model';
import type { ZkServer } from './zk-server.js';

const ROOT = Uint8Array.of(0x2f);

/** Whether these ids may do everything to the root znode; each permission is looked for by itself. */
export function hasEveryRight({ database, providers, options }: ZkServer, ids: readonly Id[]): boolean {
  const { tree } = database;
  const entries = tree.acls.entries(tree.aclKey(tree.find(ROOT, 0, ROOT.length)));
  const each = [Perms.read, Perms.write, Perms.create, Perms.delete, Perms.admin];
  return each.every((permission) => checkAcl(entries, ids, permission, providers, options.skipAcl));
}
