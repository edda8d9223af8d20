import type { AuthProvider, PeerInfo } from '@zk/contracts';
import type { Id } from '@zk/model';
import { createHash, getHashes } from 'node:crypto';

export interface DigestAuthOptions {
  /** Hash function, in Java's or OpenSSL's spelling (`SHA1`, `SHA-256`, `sha512`). The same on all servers. */
  readonly algorithm?: string;
  /** `user:hash` of the user who may do everything, as {@link digestId} gives it; absent: nobody. */
  readonly superDigest?: string;
}

/**
 * User and password, proved by sending both. The id is the user's name and a hash of the two, so a list that a client
 * reads tells no password (spec: server semantics, section 12.3). Anybody may call himself anything: the scheme says
 * that two connections know the same password, not that a user is known.
 */
export class DigestAuthProvider implements AuthProvider {
  readonly scheme = 'digest';
  readonly isAuthenticated = true;
  private readonly algorithm: string;
  private readonly superDigest: string | undefined;

  /** @throws Error when this platform does not know the algorithm */
  constructor(options: DigestAuthOptions = {}) {
    this.algorithm = opensslName(options.algorithm ?? 'SHA1');
    this.superDigest = options.superDigest;
  }

  authenticate(_peer: PeerInfo, auth: Uint8Array | null): readonly Id[] | undefined {
    if (auth === null) return undefined;
    const id = hashedId(Buffer.from(auth.buffer, auth.byteOffset, auth.byteLength).toString('utf8'), this.algorithm);
    const own = { scheme: this.scheme, id };
    return id === this.superDigest ? [{ scheme: 'super', id: '' }, own] : [own];
  }

  matches(connectionId: string, aclId: string): boolean {
    return connectionId === aclId;
  }

  /** Two parts around a colon; empty parts at the end do not count. */
  isValid(aclId: string): boolean {
    const last = lastNonColon(aclId);
    const colon = aclId.indexOf(':');
    return colon >= 0 && colon < last && aclId.lastIndexOf(':', last) === colon;
  }

  userName(connectionId: string): string {
    return userOf(connectionId);
  }
}

/**
 * The digest id of a text `user:password`: what an ACL names, and what a super digest is set to.
 * @throws Error when this platform does not know the algorithm
 */
export function digestId(userAndPassword: string, algorithm = 'SHA1'): string {
  return hashedId(userAndPassword, opensslName(algorithm));
}

function hashedId(userAndPassword: string, algorithm: string): string {
  const hash = createHash(algorithm).update(userAndPassword, 'utf8').digest('base64');
  return `${userOf(userAndPassword)}:${hash}`;
}

function userOf(text: string): string {
  const colon = text.indexOf(':');
  return colon < 0 ? text : text.slice(0, colon);
}

/** -1 when there are only colons. A regular expression would try again from each of a million colons. */
function lastNonColon(text: string): number {
  let at = text.length - 1;
  while (at >= 0 && text[at] === ':') at--;
  return at;
}

/** Java writes `SHA-256`, `SHA-512/256`, `SHA3-256`; OpenSSL `sha256`, `sha512-256`, `sha3-256`. */
function opensslName(algorithm: string): string {
  const name = algorithm.toLowerCase().replace('/', '-');
  const candidates = [name, name.replace(/^sha-?/, 'sha'), name === 'sha' ? 'sha1' : name];
  const known = candidates.find((candidate) => getHashes().includes(candidate));
  if (known === undefined) throw new Error(`digest algorithm "${algorithm}" is not known here; SHA1 and SHA-256 are`);
  return known;
}
