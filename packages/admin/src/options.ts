import type { CredentialsOptions } from '@zk/transport-tls';
import type { CommandOptions } from './commands/index.js';
import type { RouterOptions } from './http/router.js';

/** HTTPS with these certificates. */
export interface AdminTlsOptions extends CredentialsOptions {
  /** Whether plain HTTP is served on the same port, too. */
  readonly allowsPlainText: boolean;
  /** Whether a client must show a certificate that `trust` vouches for. */
  readonly needsClientCertificate: boolean;
  /** Time for a handshake, and for the first byte of a connection that may be either. */
  readonly handshakeTimeoutMs: number;
}

export interface AdminOptions extends CommandOptions, RouterOptions {
  /** Absent: all addresses. */
  readonly host: string | undefined;
  /** 0 picks a free port. */
  readonly port: number;
  /** Connections on which nothing happens for so long are closed, whatever they are waited on for. */
  readonly idleTimeoutMs: number;
  /** Absent: plain HTTP. */
  readonly tls: AdminTlsOptions | undefined;
}

export const defaultAdminOptions: AdminOptions = {
  host: undefined,
  port: 8080,
  idleTimeoutMs: 30_000,
  commandUrl: '/commands',
  trustsForwardedFor: false,
  initialConfiguration: null,
  isSnapshotEnabled: true,
  isRestoreEnabled: true,
  rateLimiterIntervalMs: 300_000,
  tls: undefined,
};
