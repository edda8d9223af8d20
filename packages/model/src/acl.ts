/** Who: a scheme and a text that the scheme's provider understands. */
export interface Id {
  readonly scheme: string;
  readonly id: string;
}

/** One entry of an access control list. `perms` is a sum of permission bits and is not range-checked. */
export interface Acl extends Id {
  readonly perms: number;
}

/** Everybody may do everything. */
export const OPEN_ACL_UNSAFE: readonly Acl[] = Object.freeze([{ perms: 31, scheme: 'world', id: 'anyone' }]);

/** Everybody may read. */
export const READ_ACL_UNSAFE: readonly Acl[] = Object.freeze([{ perms: 1, scheme: 'world', id: 'anyone' }]);
