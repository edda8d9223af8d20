/**
 * What an ACL says about a connection: the check that guards every operation, and the fix-up that a submitted list goes
 * through before it is stored (spec: server semantics, sections 12.1 and 12.2). Both are functions of their arguments;
 * what an id means is the business of the scheme's provider.
 */
import type { AuthProviders } from '@zk/contracts';
import { type Acl, type Id, Perms } from '@zk/model';

/** An ACL entry as a client may have sent it: its strings may be null. */
export interface SubmittedAcl {
  readonly perms: number;
  readonly scheme: string | null;
  readonly id: string | null;
}

const WORLD = 'world';
const ANYONE = 'anyone';
/** In a submitted list: whoever submits it. Never stored. */
const AUTH = 'auth';
/** An id of this scheme passes every check. No ACL can name it. */
const SUPER = 'super';

/** The sum of the permission bits that a connection with these ids has on a znode with these entries. */
export function permsOf(entries: readonly Acl[], connectionIds: readonly Id[], providers: AuthProviders): number {
  let granted = 0;
  let more: number;
  do {
    more = grantOf(entries, connectionIds, providers, Perms.all & ~granted);
    granted |= more;
  } while (more !== 0 && granted !== Perms.all);
  return granted;
}

/**
 * The permission bits of the first entry that gives such a connection any of `wanted`, which is a sum of them; 0 when none
 * does. Nothing behind that entry is looked at: a list may have thousands.
 */
export function grantOf(
  entries: readonly Acl[],
  connectionIds: readonly Id[],
  providers: AuthProviders,
  wanted: number,
): number {
  if (entries.length === 0) return Perms.all;
  for (const { scheme } of connectionIds) if (scheme === SUPER) return Perms.all;
  for (const entry of entries) {
    if ((entry.perms & wanted) !== 0 && isMeant(entry, connectionIds, providers)) return entry.perms & Perms.all;
  }
  return 0;
}

function isMeant(entry: Acl, connectionIds: readonly Id[], providers: AuthProviders): boolean {
  if (entry.scheme === WORLD && entry.id === ANYONE) return true;
  const provider = providers.get(entry.scheme);
  if (provider === undefined) return false;
  for (const { scheme, id } of connectionIds) {
    if (scheme === entry.scheme && provider.matches(id, entry.id)) return true;
  }
  return false;
}

/**
 * The list to store for a submitted one: duplicates removed, `auth` replaced by the authenticated ids of the connection;
 * the submitted list itself when that changes nothing. Undefined stands for INVALIDACL.
 */
export function fixupAcls(
  submitted: readonly SubmittedAcl[] | null,
  connectionIds: readonly Id[],
  providers: AuthProviders,
): readonly Acl[] | undefined {
  if (submitted === null || submitted.length === 0) return undefined;
  const fixed: Acl[] = [];
  const seen = new Set<string>();
  let isChanged = false;
  for (const entry of submitted) {
    const { perms, scheme, id } = entry;
    const key = `${perms} ${scheme?.length} ${id?.length} ${scheme}${id}`;
    if (seen.has(key)) {
      isChanged = true;
      continue;
    }
    seen.add(key);
    if (scheme === AUTH) {
      isChanged = true;
      // Not compared with the other entries again, as in Apache ZooKeeper.
      const expanded = authenticatedIds(connectionIds, providers);
      if (expanded.length === 0) return undefined;
      for (const each of expanded) fixed.push({ perms, scheme: each.scheme, id: each.id });
    } else if (scheme !== null && id !== null && isAcceptable(scheme, id, providers)) {
      fixed.push(entry as Acl);
    } else {
      return undefined;
    }
  }
  return isChanged ? fixed : (submitted as readonly Acl[]);
}

function authenticatedIds(connectionIds: readonly Id[], providers: AuthProviders): readonly Id[] {
  return connectionIds.filter(({ scheme }) => providers.get(scheme)?.isAuthenticated === true);
}

function isAcceptable(scheme: string, id: string, providers: AuthProviders): boolean {
  if (scheme === WORLD && id === ANYONE) return true;
  return providers.get(scheme)?.isValid(id) === true;
}
