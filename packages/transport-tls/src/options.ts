import { type Logger, silentLogger } from '@zk/contracts';
import type { TlsMaterial } from './stores/stores.js';

export interface TlsTransportOptions {
  /** Own certificate and key; a server needs them. */
  readonly identity?: TlsMaterial;
  /** Certificates that vouch for the other end; default: those that come with Node. */
  readonly trust?: TlsMaterial;
  /** Versions in Java's or OpenSSL's names; default: TLSv1.2 and TLSv1.3. */
  readonly protocols?: readonly string[];
  /** In Java's or OpenSSL's names; default: Node's. */
  readonly cipherSuites?: readonly string[];
  /** Read the files of `identity` and `trust` again when they change; default false. */
  readonly reload?: boolean;
  /** How often they are looked at while something listens; default 1,000. */
  readonly reloadIntervalMs?: number;

  /** Client: check that the certificate is for the host that was dialled; default true. */
  readonly verifiesServerName?: boolean;

  /** Server: whether a client needs a certificate, may have one, or is not asked; default `need`. */
  readonly clientCertificates?: 'need' | 'want' | 'none';
  /** Server: check that the certificate is for the address a client comes from; default false. */
  readonly verifiesClientName?: boolean;
  /** Server: for that check, ask for the names of the address, too; default false. */
  readonly allowsReverseLookup?: boolean;
  /** Server: serve clients without TLS on the same port; default false. */
  readonly allowsPlainText?: boolean;
  /** How long a handshake may take; default 10,000. */
  readonly handshakeTimeoutMs?: number;
  /** Server: handshakes that may be under way on one port; connections beyond are closed. Default: no limit. */
  readonly maxHandshakes?: number;

  /** How long a connection that was told to end may go without progress before it is cut off; default 3,000. */
  readonly closeTimeoutMs?: number;
  readonly logger?: Logger;
}

export type CompleteOptions = Required<
  Pick<
    TlsTransportOptions,
    | 'clientCertificates'
    | 'verifiesServerName'
    | 'verifiesClientName'
    | 'allowsReverseLookup'
    | 'allowsPlainText'
    | 'handshakeTimeoutMs'
    | 'maxHandshakes'
    | 'closeTimeoutMs'
    | 'logger'
  >
>;

/** With the defaults for all that was not said. */
export function completeOptions(options: TlsTransportOptions): CompleteOptions {
  return {
    clientCertificates: options.clientCertificates ?? 'need',
    verifiesServerName: options.verifiesServerName ?? true,
    verifiesClientName: options.verifiesClientName ?? false,
    allowsReverseLookup: options.allowsReverseLookup ?? false,
    allowsPlainText: options.allowsPlainText ?? false,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 10_000,
    maxHandshakes: options.maxHandshakes ?? Infinity,
    closeTimeoutMs: options.closeTimeoutMs ?? 3_000,
    logger: options.logger ?? silentLogger,
  };
}
