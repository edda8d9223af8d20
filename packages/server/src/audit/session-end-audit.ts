import type { DataTree } from '@zk/data-tree';
import { hexOf } from '@zk/model';
import type { AuditLog } from './audit-log.js';

/** Tells of every ephemeral that goes with its session from now on, on every server, as Apache ZooKeeper does. */
export function auditSessionEnds(tree: DataTree, audit: AuditLog): void {
  tree.onSessionEnding = (idHi, idLo) => {
    for (const node of tree.ephemeralsOf(idHi, idLo) ?? []) {
      audit.record({
        session: `0x${hexOf(idHi, idLo)}`,
        user: audit.processUser,
        operation: 'ephemeralZNodeDeletionOnSessionCloseOrExpire',
        znode: tree.pathOf(node),
        result: 'success',
      });
    }
  };
}
