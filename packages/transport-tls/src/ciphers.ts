import type { SecureVersion } from 'node:tls';
import { getCiphers } from 'node:tls';

/** Oldest first. */
const VERSIONS: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/**
 * The range of versions that a list of Java's names stands for. A list with a gap stands for what lies between, too.
 * @throws Error when a name is unknown or the list is empty
 */
export function versionRange(protocols: readonly string[]): { minVersion: SecureVersion; maxVersion: SecureVersion } {
  const places = protocols.map((name) => {
    const place = VERSIONS.findIndex((version) => version.toLowerCase() === name.toLowerCase());
    if (place < 0) throw new Error(`the TLS protocol "${name}" is not known here; ${VERSIONS.join(', ')} are`);
    return place;
  });
  const [least, most] = [VERSIONS[Math.min(...places)], VERSIONS[Math.max(...places)]];
  if (least === undefined || most === undefined) throw new Error('no TLS protocol is enabled');
  return { minVersion: least, maxVersion: most };
}

/**
 * Cipher suites in OpenSSL's names and form; those of Java (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`) are translated.
 * @throws Error when this platform does not know a suite
 */
export function cipherList(suites: readonly string[]): string {
  const known = new Set(getCiphers().map((name) => name.toLowerCase()));
  return suites
    .map((suite) => {
      const name = opensslName(suite);
      if (!known.has(name.toLowerCase())) throw new Error(`the cipher suite "${suite}" is not known here`);
      return name;
    })
    .join(':');
}

function opensslName(suite: string): string {
  const match = /^TLS_(?:(?<exchange>\w+)_)?WITH_(?<cipher>\w+)$/.exec(suite);
  if (match?.groups === undefined) return suite;
  const cipher = match.groups['cipher']!.replace(/^AES_(\d+)_/, 'AES$1_')
    .replace('_CBC_', '_')
    .replace(/^(CHACHA20_POLY1305)_SHA256$/, '$1')
    .replace(/^(AES\d+_CCM(_8)?)(_SHA256)?$/, '$1')
    .replaceAll('_', '-')
    .replace('CCM-8', 'CCM8');
  const exchange = match.groups['exchange']?.replaceAll('_', '-');
  return exchange === undefined || exchange === 'RSA' ? cipher : `${exchange}-${cipher}`;
}
