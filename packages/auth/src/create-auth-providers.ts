import type { AuthProvider, AuthProviders, PeerInfo, SaslAuthority } from '@zk/contracts';
import type { Id } from '@zk/model';
import { DigestAuthProvider } from './digest-auth-provider.js';
import type { DigestAuthOptions } from './digest-auth-provider.js';
import { IpAuthProvider } from './ip-auth-provider.js';
import type { SaslSchemeOptions } from './sasl-auth-provider.js';
import { SaslAuthProvider } from './sasl-auth-provider.js';
import { X509AuthProvider } from './x509-auth-provider.js';
import type { X509AuthOptions } from './x509-auth-provider.js';

export interface AuthProvidersOptions {
  /** The digest scheme; false switches it off. Default: on. */
  readonly digest?: (DigestAuthOptions & { readonly isEnabled?: boolean }) | false;
  /** The x509 scheme, for servers with a TLS port. Default: off. */
  readonly x509?: X509AuthOptions | boolean;
  /** The sasl scheme in ACLs. Default: off, also where clients log in by SASL. */
  readonly saslScheme?: SaslSchemeOptions | boolean;
  /** How clients log in by SASL; {@link createSaslAuthority} makes one. Default: not at all. */
  readonly sasl?: SaslAuthority;
  /** Further schemes. One named like a scheme above takes its place. */
  readonly custom?: readonly AuthProvider[];
}

/** Names with a meaning of their own in ACLs and connection ids. */
const RESERVED_SCHEMES: readonly string[] = ['world', 'auth', 'super'];

/**
 * The schemes of a server: ip always, digest unless switched off, x509 and sasl on request, and any of one's own. A connection
 * starts with the id of its address and, where x509 is on, with that of its certificate.
 * @throws Error when a custom scheme has a reserved name, or the digest algorithm is unknown
 */
export function createAuthProviders(options: AuthProvidersOptions = {}): AuthProviders {
  const providers = new Map<string, AuthProvider>();
  const add = (provider: AuthProvider): void => void providers.set(provider.scheme, provider);
  add(new IpAuthProvider());
  const { digest = {}, x509 = false, saslScheme = false, sasl, custom = [] } = options;
  if (digest !== false && digest.isEnabled !== false) add(new DigestAuthProvider(digest));
  if (x509 !== false) add(new X509AuthProvider(x509 === true ? {} : x509));
  if (saslScheme !== false) add(new SaslAuthProvider(saslScheme === true ? {} : saslScheme));
  for (const provider of custom) {
    if (RESERVED_SCHEMES.includes(provider.scheme)) throw new Error(`the scheme name "${provider.scheme}" is reserved`);
    add(provider);
  }
  return {
    ...(sasl === undefined ? {} : { sasl }),
    get: (scheme) => providers.get(scheme),
    initialIds: (peer) => [
      ...provedBy(providers.get('ip'), peer),
      ...provedBy(certificateProvider(providers, peer), peer),
    ],
  };
}

function certificateProvider(providers: ReadonlyMap<string, AuthProvider>, peer: PeerInfo): AuthProvider | undefined {
  return peer.certificateSubject === undefined ? undefined : providers.get('x509');
}

function provedBy(provider: AuthProvider | undefined, peer: PeerInfo): readonly Id[] {
  return provider?.authenticate(peer, null) ?? [];
}
