import { reverse } from 'node:dns/promises';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import { checkServerIdentity } from 'node:tls';

export type AnyCertificate = PeerCertificate | DetailedPeerCertificate;

/**
 * Whether a certificate is for a host: by the names in its extension, or where it has none by its common name, as
 * Apache ZooKeeper does it. A name may begin with a wildcard for one label.
 */
export function isFor(host: string, certificate: AnyCertificate): boolean {
  if (checkServerIdentity(host, certificate) === undefined) return true;
  // Node takes an address only from the extension; Apache looks at the common name, too, when there is no extension.
  const subject: unknown = certificate.subject;
  const commonName = (subject as { CN?: unknown } | undefined)?.CN;
  return certificate.subjectaltname === undefined && commonName === host;
}

/** The names of an address. None when it has none, or nobody knows. */
export async function namesOf(address: string): Promise<readonly string[]> {
  try {
    return await reverse(address);
  } catch {
    // No name is an answer, and so is a resolver that does not answer: the check that asked then fails.
    return [];
  }
}
