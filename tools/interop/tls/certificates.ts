/** The certificates of the TLS checks, one PEM file each: the certificate, then its key. */
import { createPrivateKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { issue } from '../../../packages/transport-tls/test/certificates.ts';
import type { Issued } from '../../../packages/transport-tls/test/certificates.ts';

const DAY_MS = 86_400_000;

/** Subjects with something to escape, so that both servers must agree on how. */
export const SUBJECTS = { client: 'CN=client,O=Zoo\\, Inc.', super: 'CN=super,O=Zoo\\, Inc.' };

export function writeCertificates(folder: string): void {
  const authority = issue({ commonName: 'authority', isAuthority: true });
  const stranger = issue({ commonName: 'stranger', isAuthority: true });
  const named = (commonName: string): { subject: { name: string; value: string }[] } => ({
    subject: [
      { name: 'organizationName', value: 'Zoo, Inc.' },
      { name: 'commonName', value: commonName },
    ],
  });
  const past = { notBefore: new Date(Date.now() - 9 * DAY_MS), notAfter: new Date(Date.now() - 2 * DAY_MS) };
  const certificates: Readonly<Record<string, Issued>> = {
    authority,
    stranger,
    // Not for 127.0.0.2: whoever dials that address must refuse it.
    server: issue({ commonName: 'server', names: ['127.0.0.1', 'zk.example'], issuer: authority }),
    client: issue({ ...named('client'), issuer: authority }),
    other: issue({ ...named('other'), issuer: authority }),
    super: issue({ ...named('super'), issuer: authority }),
    foreign: issue({ ...named('foreign'), issuer: stranger }),
    expired: issue({ ...named('expired'), issuer: authority, ...past }),
  };
  for (const [name, issued] of Object.entries(certificates)) writeFileSync(join(folder, `${name}.pem`), pemOf(issued));
}

/** The certificate, then its key; Java reads keys in PKCS#8 only. */
export function pemOf({ cert, key }: Issued): string {
  const pkcs8 = createPrivateKey(key).export({ format: 'pem', type: 'pkcs8' }).toString();
  return cert.replaceAll('\r\n', '\n') + pkcs8;
}
