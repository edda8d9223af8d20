import type { AuthProvider, PeerInfo } from '@zk/contracts';
import type { Id } from '@zk/model';
import { isDistinguishedName } from './distinguished-name.js';

export interface X509AuthOptions {
  /** Subject of the certificate whose holder may do everything; absent: nobody. */
  readonly superUser?: string;
}

/**
 * Client certificates. The transport has verified the certificate before anybody here hears of it; the id is its
 * subject (spec: server semantics, section 12.3).
 */
export class X509AuthProvider implements AuthProvider {
  readonly scheme = 'x509';
  readonly isAuthenticated = true;
  private readonly superUser: string | undefined;

  constructor(options: X509AuthOptions = {}) {
    this.superUser = options.superUser;
  }

  /** Refuses a connection without a verified certificate. */
  authenticate(peer: PeerInfo): readonly Id[] | undefined {
    const subject = peer.certificateSubject;
    if (subject === undefined) return undefined;
    const own = { scheme: this.scheme, id: subject };
    return subject === this.superUser ? [{ scheme: 'super', id: subject }, own] : [own];
  }

  matches(connectionId: string, aclId: string): boolean {
    return connectionId === aclId || connectionId === this.superUser;
  }

  isValid(aclId: string): boolean {
    return isDistinguishedName(aclId);
  }

  userName(connectionId: string): string {
    return connectionId;
  }
}
