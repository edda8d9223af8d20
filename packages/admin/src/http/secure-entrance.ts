import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type Socket, createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '@zk/contracts';
import { Credentials, verifiedSubjectOf } from '@zk/transport-tls';
import type { AdminOptions, AdminTlsOptions } from '../options.js';
import { type Entrance, type Handle, bind, closeAll, httpOptions, limited } from './listening.js';

/** The first byte of a ClientHello. */
const HANDSHAKE = 0x16;

/**
 * HTTPS, and plain HTTP on the same port where that is allowed: connections come in on a plain server, so that the first
 * byte can be looked at, and are handed to one of two servers that have no address of their own.
 * @throws Error when certificates cannot be read; Error with `code` when the address cannot be bound
 */
export async function openSecureEntrance(
  options: AdminOptions,
  tls: AdminTlsOptions,
  handle: Handle,
  logger: Logger,
): Promise<Entrance> {
  const credentials = new Credentials(tls, logger);
  const { options: context } = await credentials.prepared();
  const { needsClientCertificate: isNeeded, handshakeTimeoutMs: handshakeTimeout } = tls;
  const https = createHttpsServer(
    { ...httpOptions(options), ...context, handshakeTimeout, requestCert: isNeeded, rejectUnauthorized: isNeeded },
    (request, response) => handle(request, response, verifiedSubjectOf(request.socket as TLSSocket)),
  );
  https.on('tlsClientError', (error, socket) => {
    logger.debug({ reason: error.message }, 'an admin client failed at TLS');
    socket.destroy();
  });
  limited(https, options);
  const http = limited(
    createHttpServer(httpOptions(options), (request, response) => handle(request, response)),
    options,
  );
  const sockets = new Set<Socket>();
  const front = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // The servers report what happens to it; here it must only not bring the process down.
    socket.on('error', () => undefined);
    if (!tls.allowsPlainText) https.emit('connection', socket);
    else {
      sniff(socket, handshakeTimeout, (isTls) => {
        (isTls ? https : http).emit('connection', socket);
        // TLS reads by itself; the parser of HTTP waits for what was put back to flow again.
        if (!isTls) process.nextTick(() => socket.resume());
      });
    }
  });
  const address = await bind(front, options);
  const unwatch = credentials.watch((changed) => https.setSecureContext(changed.options));
  const close = (): Promise<void> => {
    unwatch();
    for (const socket of sockets) socket.destroy();
    return closeAll(front, [https, http]);
  };
  return { address, close };
}

/** Looks at the first byte, and puts it back. */
function sniff(socket: Socket, timeoutMs: number, decide: (isTls: boolean) => void): void {
  socket.setTimeout(timeoutMs, () => socket.destroy());
  socket.once('data', (chunk: Buffer) => {
    socket.pause();
    socket.setTimeout(0);
    socket.removeAllListeners('timeout');
    socket.unshift(chunk);
    decide(chunk[0] === HANDSHAKE);
  });
}
