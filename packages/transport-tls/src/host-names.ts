import { X509Certificate } from 'node:crypto';
import { reverse } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import { checkServerIdentity } from 'node:tls';

export type AnyCertificate = PeerCertificate | DetailedPeerCertificate;

/**
 * Whether a certificate is for a host: by the names in its extension, or where it has none by its common name, as
 * Apache ZooKeeper does it. A name may begin with a wildcard for one label.
 */
export function isFor(host: string, certificate: AnyCertificate): boolean {
  if (isIP(host) === 0 ? isForName(host, certificate) : isForAddress(host, certificate)) return true;
  // OpenSSL takes an address only from the extension; Apache looks at the common name, too, when there is no extension.
  const subject: unknown = certificate.subject;
  const commonName = (subject as { CN?: unknown } | undefined)?.CN;
  return certificate.subjectaltname === undefined && commonName === host;
}

function isForName(name: string, certificate: AnyCertificate): boolean {
  return checkServerIdentity(name, certificate) === undefined;
}

/** Asks OpenSSL: `checkServerIdentity` of Node.js 22.23 does not know an address of IPv6 for one. */
function isForAddress(address: string, { raw }: AnyCertificate): boolean {
  return new X509Certificate(raw).checkIP(address) !== undefined;
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
