import type { Logger, SaslAuthority } from '@zk/contracts';
import { silentLogger } from '@zk/contracts';
import { createDigestMd5Server } from '@zk/sasl';
import { secureRandom } from './secure-random.js';

export interface SaslAuthorityOptions {
  /** Passwords by user name. */
  readonly users: Readonly<Record<string, string>> | ReadonlyMap<string, string>;
  /** SASL ids that may do everything. */
  readonly superUsers?: readonly string[];
  /** Keep clients, with nothing proved, when their exchange has failed; default false. */
  readonly keepsFailed?: boolean;
  readonly logger?: Logger;
}

/** Lets clients in by SASL DIGEST-MD5 (spec: client protocol, section 13.2). */
export function createSaslAuthority(options: SaslAuthorityOptions): SaslAuthority {
  const { superUsers = [], keepsFailed = false, logger = silentLogger } = options;
  const users = options.users instanceof Map ? options.users : new Map(Object.entries(options.users));
  return {
    keepsFailed,
    begin: () => createDigestMd5Server({ users, random: secureRandom }),
    idsOf: (authorizationId) => [
      { scheme: 'sasl', id: authorizationId },
      ...(superUsers.includes(authorizationId) ? [{ scheme: 'super', id: '' }] : []),
    ],
    failed: ({ remoteAddress }, reason) => {
      const fate = keepsFailed ? 'it stays connected' : 'its connection is closed';
      logger.warn({ client: remoteAddress, reason }, `a client failed to authenticate by SASL: ${reason}; ${fate}`);
    },
  };
}
