import type { Id } from '@zk/model';
import type { PeerInfo } from './peer-info.js';
import type { SaslAuthority } from './sasl.js';

/** One authentication scheme (spec: server semantics, section 12). */
export interface AuthProvider {
  readonly scheme: string;
  /** Whether ids of this scheme count as authenticated, so that `auth:` in an ACL expands to them. */
  readonly isAuthenticated: boolean;
  /** The ids proved by an auth packet; undefined refuses it. A throw counts as a refusal. */
  authenticate(peer: PeerInfo, auth: Uint8Array | null): readonly Id[] | undefined;
  /** Whether the id of a connection satisfies the id of an ACL entry. The same ids give the same answer: it is remembered. */
  matches(connectionId: string, aclId: string): boolean;
  /** Whether an ACL entry may carry this id. */
  isValid(aclId: string): boolean;
  /** How the id is shown by `whoAmI` and the audit log. */
  userName(connectionId: string): string;
}

/** The schemes in force. */
export interface AuthProviders {
  get(scheme: string): AuthProvider | undefined;
  /** Ids every connection has from the start. */
  initialIds(peer: PeerInfo): readonly Id[];
  /** Absent: no SASL. */
  readonly sasl?: SaslAuthority;
}

export const AUTH_PROVIDERS = Symbol.for('@zk/AuthProviders');
