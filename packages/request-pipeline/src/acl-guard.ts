import type { AuthProviders } from '@zk/contracts';
import { type DataTree, permsOf } from '@zk/data-tree';
import { type Id, Perms } from '@zk/model';
import type { ChangeRecord } from './change-record.js';

/** Lists with as many entries are looked at once for each connection; shorter ones cost less than to remember them. */
const LONG_LIST = 8;
/** Lists of which it is remembered what they let one connection do. */
const MAX_KNOWN = 64;

/**
 * Permission checks. Nearly every list in the field is "world may", which one bit test answers. A list of thousands of
 * entries, each of which is the business of a provider, must not cost that again for every request.
 */
export class AclGuard {
  /** What a connection may do, by the key of a long list. A key names one list for ever, and ids are replaced as a whole. */
  private readonly known = new WeakMap<readonly Id[], Map<number, number>>();

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
    return (this.tree.acls.worldPerms(aclKey) & perms) !== 0 || (this.permsOn(aclKey, ids) & perms) !== 0;
  }

  /** The same for a znode as it will be. */
  allowsRecord(record: ChangeRecord, perms: number, ids: readonly Id[]): boolean {
    if ((record.aclWorldPerms & perms) !== 0 || this.skipAcl) return true;
    const granted =
      record.aclEntries === null ? this.permsOn(record.aclKey, ids) : permsOf(record.aclEntries, ids, this.providers);
    return (granted & perms) !== 0;
  }

  private permsOn(aclKey: number, ids: readonly Id[]): number {
    if (this.skipAcl) return Perms.all;
    const entries = this.tree.acls.entries(aclKey);
    if (entries.length < LONG_LIST) return permsOf(entries, ids, this.providers);
    let known = this.known.get(ids);
    if (known === undefined) this.known.set(ids, (known = new Map()));
    let granted = known.get(aclKey);
    if (granted === undefined) {
      if (known.size === MAX_KNOWN) known.clear();
      granted = permsOf(entries, ids, this.providers);
      known.set(aclKey, granted);
    }
    return granted;
  }
}
