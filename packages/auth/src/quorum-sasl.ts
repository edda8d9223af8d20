import type { SaslExchange } from '@zk/contracts';
import { QUORUM_NAMES, createDigestMd5Client, createDigestMd5Server } from '@zk/sasl';
import { secureRandom } from './secure-random.js';

export interface QuorumSaslLogins {
  /** Passwords by name, of the servers that may connect here; secrets. */
  readonly users: ReadonlyMap<string, string>;
  /** What this server says when it connects to others; secrets. */
  readonly login: { readonly name: string; readonly password: string };
}

/** Both ends of SASL DIGEST-MD5 between the servers of an ensemble (spec: election, section 6). */
export function createQuorumSasl({ users, login }: QuorumSaslLogins): {
  readonly prove: () => SaslExchange;
  readonly judge: () => SaslExchange;
} {
  const common = { ...QUORUM_NAMES, random: secureRandom };
  return {
    prove: () => createDigestMd5Client({ ...common, username: login.name, password: login.password }),
    judge: () => createDigestMd5Server({ ...common, users }),
  };
}
