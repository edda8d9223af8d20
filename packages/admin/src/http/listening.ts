import { once } from 'node:events';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { AdminOptions } from '../options.js';

/** Where requests come in. */
export interface Entrance {
  readonly address: AddressInfo;
  /** Frees the address and cuts every connection. */
  close(): Promise<void>;
}

/** Hears of each request; `certificateSubject` is that of a client whose certificate was verified. */
export type Handle = (request: IncomingMessage, response: ServerResponse, certificateSubject?: string) => void;

/** Connections that may be open at a time; whoever is beyond is closed at once. */
const MAX_CONNECTIONS = 256;
/** Request line and headers together. */
const MAX_HEADER_BYTES = 8 * 1024;

/** Limits that no client gets past. */
export function httpOptions({ idleTimeoutMs }: AdminOptions) {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: idleTimeoutMs,
    // A snapshot that is sent in takes its time; whoever sends nothing more is idle.
    requestTimeout: 0,
    keepAliveTimeout: idleTimeoutMs,
    connectionsCheckingInterval: Math.max(100, Math.min(1000, idleTimeoutMs / 4)),
  };
}

export function limited<S extends HttpServer>(server: S, { idleTimeoutMs }: AdminOptions): S {
  server.setTimeout(idleTimeoutMs, (socket: Socket) => socket.destroy());
  return server;
}

/** @throws Error with `code` when the address cannot be bound */
export async function bind(server: Server, { host, port }: AdminOptions): Promise<AddressInfo> {
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ port, ...(host === undefined ? {} : { host }) });
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

export async function closeAll(
  server: Server,
  servers: readonly Pick<HttpServer, 'closeAllConnections'>[],
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const each of servers) each.closeAllConnections();
  await closed;
}
