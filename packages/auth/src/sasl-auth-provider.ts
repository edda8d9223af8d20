import type { AuthProvider } from '@zk/contracts';

export interface SaslSchemeOptions {
  /** An ACL entry with this id is satisfied by whoever has proved any SASL id. Default: no such entry. */
  readonly letAnyUser?: string;
}

/**
 * SASL ids in ACLs. They are proved by a SASL exchange, never by an auth packet (spec: server semantics, section 12.3).
 */
export class SaslAuthProvider implements AuthProvider {
  readonly scheme = 'sasl';
  readonly isAuthenticated = true;

  constructor(private readonly options: SaslSchemeOptions = {}) {}

  authenticate(): undefined {
    return undefined;
  }

  matches(connectionId: string, aclId: string): boolean {
    return connectionId === 'super' || connectionId === aclId || aclId === this.options.letAnyUser;
  }

  /** A name, or a Kerberos principal: `name@REALM`, `name/host@REALM`. */
  isValid(aclId: string): boolean {
    return !aclId.includes('@') || /^[^/@]*(\/[^/@]*)?@[^/@]*$/.test(aclId);
  }

  userName(connectionId: string): string {
    return connectionId;
  }
}
