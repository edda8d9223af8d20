import forge from 'node-forge';

/** A key pair with its certificate, in PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
  /** Both, one behind the other. */
  readonly pem: string;
  readonly certificate: forge.pki.Certificate;
  readonly privateKey: forge.pki.rsa.PrivateKey;
}

export interface Wish {
  readonly commonName?: string;
  readonly subject?: forge.pki.CertificateField[];
  /** Names and addresses in the extension. */
  readonly names?: readonly string[];
  readonly issuer?: Issued;
  readonly isAuthority?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const DAY_MS = 86_400_000;
let serial = 1;

/** Issues a certificate; without an issuer it signs itself. */
export function issue(wish: Wish): Issued {
  // Made by OpenSSL's threads in no time where this platform lets forge use them, and small enough where not.
  const keys = forge.pki.rsa.generateKeyPair({ bits: 2048, e: 0x10001 });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = (serial++).toString(16).padStart(2, '0');
  certificate.validity.notBefore = wish.notBefore ?? new Date(Date.now() - DAY_MS);
  certificate.validity.notAfter = wish.notAfter ?? new Date(Date.now() + 365 * DAY_MS);
  const subject = wish.subject ?? [{ name: 'commonName', value: wish.commonName ?? 'nobody' }];
  certificate.setSubject(subject);
  certificate.setIssuer(wish.issuer?.certificate.subject.attributes ?? subject);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: wish.isAuthority ?? false },
    ...(wish.names === undefined ? [] : [{ name: 'subjectAltName', altNames: wish.names.map(alternative) }]),
  ]);
  certificate.sign(wish.issuer?.privateKey ?? keys.privateKey, forge.md.sha256.create());
  const cert = forge.pki.certificateToPem(certificate);
  const key = forge.pki.privateKeyToPem(keys.privateKey);
  return { cert, key, pem: cert + key, certificate, privateKey: keys.privateKey };
}

function alternative(name: string): object {
  return /^[\d.]+$|:/.test(name) ? { type: 7, ip: name } : { type: 2, value: name };
}
