import type { AuthProviders } from '@zk/contracts';
import { type DataTree, grantOf } from '@zk/data-tree';
import type { Acl, Id } from '@zk/model';
import type { ChangeRecord } from './change-record.js';

/** Lists with as many entries are looked at once for each connection; shorter ones cost less than to remember them. */
const LONG_LIST = 8;
/** What is remembered of a list: permissions that it gives, and shifted by this, those that it does not. */
const DENIED_SHIFT = 8;

/**
 * Permission checks. Nearly every list in the field is "world may", which one bit test answers. A list of thousands of
 * entries, each of which is the business of a provider, must not cost that again for every request.
 */
export class AclGuard {
  /** What long lists let a connection do, as far as it has been asked. Lists and ids never change: others replace them. */
  private readonly known = new WeakMap<readonly Id[], WeakMap<readonly Acl[], number>>();

  constructor(
    private readonly tree: DataTree,
    private readonly providers: AuthProviders,
    private readonly skipAcl: boolean,
  ) {}

  /**
   * Whether ids may do any of `perms` to a committed znode with this ACL.
   *
   * @param perms a sum of permission bits; one of them is enough
   */
  allows(aclKey: number, perms: number, ids: readonly Id[]): boolean {
    const { acls } = this.tree;
    if ((acls.worldPerms(aclKey) & perms) !== 0 || this.skipAcl) return true;
    return this.permits(acls.entries(aclKey), perms, ids);
  }

  /** The same for a znode as it will be. */
  allowsRecord(record: ChangeRecord, perms: number, ids: readonly Id[]): boolean {
    if ((record.aclWorldPerms & perms) !== 0 || this.skipAcl) return true;
    return this.permits(record.aclEntries ?? this.tree.acls.entries(record.aclKey), perms, ids);
  }

  private permits(entries: readonly Acl[], perms: number, ids: readonly Id[]): boolean {
    if (entries.length < LONG_LIST) return grantOf(entries, ids, this.providers, perms) !== 0;
    let known = this.known.get(ids);
    if (known === undefined) this.known.set(ids, (known = new WeakMap()));
    const verdict = known.get(entries) ?? 0;
    if ((verdict & perms) !== 0) return true;
    const unasked = perms & ~(verdict >> DENIED_SHIFT);
    if (unasked === 0) return false;
    const granted = grantOf(entries, ids, this.providers, unasked);
    known.set(entries, verdict | (granted === 0 ? unasked << DENIED_SHIFT : granted));
    return granted !== 0;
  }
}
