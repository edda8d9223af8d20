import type { AuthProviders } from '@zk/contracts';
import { type DataTree, checkAcl } from '@zk/data-tree';
import type { Id } from '@zk/model';
import type { ChangeRecord } from './change-record.js';

/** Permission checks. Nearly every list in the field is "world may", which one bit test answers. */
export class AclGuard {
  constructor(
    private readonly tree: DataTree,
    private readonly providers: AuthProviders,
    private readonly skipAcl: boolean,
  ) {}

  /** Whether ids may do any of `perms` to a committed znode with this ACL. */
  allows(aclKey: number, perms: number, ids: readonly Id[]): boolean {
    const acls = this.tree.acls;
    if ((acls.worldPerms(aclKey) & perms) !== 0) return true;
    return checkAcl(acls.entries(aclKey), ids, perms, this.providers, this.skipAcl);
  }

  /** The same for a znode as it will be. */
  allowsRecord(record: ChangeRecord, perms: number, ids: readonly Id[]): boolean {
    if ((record.aclWorldPerms & perms) !== 0) return true;
    const entries = record.aclEntries ?? this.tree.acls.entries(record.aclKey);
    return checkAcl(entries, ids, perms, this.providers, this.skipAcl);
  }
}
