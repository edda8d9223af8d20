import type { TLSSocket } from 'node:tls';
import { subjectOf } from './stores/subject.js';

/** Subject of the certificate that the other end showed, if it was verified, in the form of RFC 2253. */
export function verifiedSubjectOf(socket: TLSSocket): string | undefined {
  // Without a certificate this is an empty object, whatever the type says.
  const raw = socket.getPeerCertificate().raw as Uint8Array | undefined;
  return socket.authorized && raw !== undefined ? subjectOf(raw) : undefined;
}
