import type { IncomingMessage } from 'node:http';
import type { PeerInfo } from '@zk/contracts';

export interface PeerOptions {
  /** Whether the first address in `X-Forwarded-For` counts for the client's, where there is one. */
  readonly trustsForwardedFor: boolean;
}

/**
 * Who asks, for schemes that look at the connection.
 * @param certificateSubject of a client whose certificate was verified
 */
export function peerOf(
  { headers, socket }: IncomingMessage,
  { trustsForwardedFor }: PeerOptions,
  certificateSubject?: string,
): PeerInfo {
  const forwarded = trustsForwardedFor ? firstOf(headers['x-forwarded-for']) : undefined;
  const remoteAddress = forwarded ?? (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  return { remoteAddress, ...(certificateSubject === undefined ? {} : { certificateSubject }) };
}

/** Of several headers, too: the platform joins them. undefined: there is none, or it is empty. */
function firstOf(header: string | readonly string[] | undefined): string | undefined {
  const addresses = String(header ?? '').split(',');
  return addresses.map((one) => one.trim()).find((one) => one !== '');
}
