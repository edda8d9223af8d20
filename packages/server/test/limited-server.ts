import type { ClientConnection } from '../src/client-connection.js';
import type { ServerOptions } from '../src/index.js';
import { Harness } from './harness.js';

/** A server with these limits, in virtual time. */
export function startLimited(limits: Partial<ServerOptions>): Promise<Harness> {
  return Harness.inVirtualTime({ options: { tickTimeMs: 2000, ...limits } }).start();
}

/** The server's side of the first client's connection. */
export function firstConnection({ server }: Harness): ClientConnection {
  return [...server.connections][0]!;
}
