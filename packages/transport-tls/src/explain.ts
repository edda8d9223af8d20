import { issuerOf, subjectOf } from './stores/subject.js';

/** What went wrong in words, for whoever reads a log or a stack trace at night. The code stays that of the platform. */
export class TlsError extends Error {
  override readonly name = 'TlsError';

  constructor(
    message: string,
    /** Of Node or OpenSSL, such as `CERT_HAS_EXPIRED`. */
    readonly code: string,
    cause?: Error,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

interface Certificate {
  readonly raw?: Uint8Array;
  readonly valid_from?: string;
  readonly valid_to?: string;
  readonly subjectaltname?: string;
}

/** What the certificate of the other end has to do with an error, by code of OpenSSL's verification. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
]);

/** Of a name, for the log: a certificate that nobody trusts may have one of a hundred thousand. */
const MAX_NAME_CHARS = 500;

/** What a refused certificate is refused for. `whose` is `server zoo1:2281` or `client 10.0.0.7`. */
export function certificateProblem(code: string, whose: string, certificate: Certificate): TlsError {
  const subject = partOf(certificate, subjectOf);
  const shown = subject === undefined ? `the certificate of ${whose}` : `the certificate "${subject}" of ${whose}`;
  const text = (): string => {
    if (UNTRUSTED.has(code)) {
      const issuer = partOf(certificate, issuerOf);
      if (issuer === undefined) return 'is not trusted: who issued it is not in the trust store';
      return issuer === subject
        ? 'is not trusted: it is signed by itself and not in the trust store'
        : `is not trusted: "${issuer}", which issued it, is not in the trust store`;
    }
    if (code === 'CERT_HAS_EXPIRED') return `has expired${dated(certificate.valid_to)}`;
    if (code === 'CERT_NOT_YET_VALID') return `is not valid yet${dated(certificate.valid_from)}`;
    if (code === 'INVALID_PURPOSE') return 'is not made for this end of a connection (extended key usage)';
    return `was refused: ${code}`;
  };
  return new TlsError(`${shown} ${text()}`, code);
}

/** The name does not fit. */
export function nameProblem(names: readonly string[], whose: string, certificate: Certificate): TlsError {
  const held = certificate.subjectaltname ?? partOf(certificate, subjectOf) ?? 'nobody';
  const wanted = names.map((name) => `"${name}"`).join(' or ');
  return new TlsError(`the certificate of ${whose} is for ${held}, not for ${wanted}`, 'ERR_TLS_CERT_ALTNAME_INVALID');
}

/** Alerts of the other end and mishaps of a handshake, by the end of OpenSSL's or Node's code. */
const MISHAPS: readonly (readonly [pattern: RegExp, text: (whose: string) => string])[] = [
  [/CERTIFICATE_REQUIRED|PEER_DID_NOT_RETURN_A_CERTIFICATE/, (whose) => `a client certificate is required (${whose})`],
  [/UNKNOWN_CA/, (whose) => `${whose} does not trust this certificate: its issuer is not in the trust store there`],
  [/ALERT_CERTIFICATE_EXPIRED/, (whose) => `${whose} says that this certificate has expired`],
  [/BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_REVOKED/, (whose) => `${whose} refuses this certificate`],
  [/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|WRONG_SSL_VERSION/, (whose) => `no version of TLS in common with ${whose}`],
  [/HANDSHAKE_FAILURE|NO_SHARED_CIPHER/, (whose) => `no cipher suite in common with ${whose}`],
  [
    /WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|BAD_RECORD_TYPE|RECORD_LAYER_FAILURE/,
    (whose) => `${whose} does not speak TLS: plain text came instead`,
  ],
];

/** An error of a handshake or of a connection; anything that has nothing to do with TLS comes back as it is. */
export function explained(error: Error & { code?: string }, whose: string): Error {
  const code = error.code ?? '';
  if (error instanceof TlsError || !/^(ERR_SSL|EPROTO)/.test(code)) return error;
  const found = MISHAPS.find(([pattern]) => pattern.test(code) || pattern.test(mnemonic(error)));
  return found === undefined ? error : new TlsError(found[1](whose), code, error);
}

/** OpenSSL puts its reason into the message of what Node calls EPROTO. */
const mnemonic = (error: Error): string => error.message.toUpperCase().replaceAll(' ', '_');

function partOf(certificate: Certificate, read: (der: Uint8Array) => string): string | undefined {
  try {
    return certificate.raw === undefined ? undefined : read(certificate.raw).slice(0, MAX_NAME_CHARS);
  } catch {
    // A certificate so odd that its names cannot be read is described without them.
    return undefined;
  }
}

const dated = (date: string | undefined): string => (date === undefined ? '' : ` (${date})`);
