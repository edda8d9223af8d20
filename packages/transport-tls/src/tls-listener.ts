import type { Connection, ConnectionHandler, HandshakeCounts, Listener, ListenOptions } from '@zk/contracts';
import { bind, plainAddress } from '@zk/transport-tcp';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import type { Credentials } from './credentials.js';
import type { TlsError } from './explain.js';
import { certificateProblem, explained, nameProblem } from './explain.js';
import { isFor, namesOf } from './host-names.js';
import type { CompleteOptions } from './options.js';
import { subjectOf } from './stores/subject.js';
import { TlsConnection } from './tls-connection.js';

type Accept = (connection: Connection) => ConnectionHandler | undefined;

/** The first byte of a ClientHello. Plain text begins with a length below 0x16000000 or with a letter. */
const HANDSHAKE = 0x16;
/** A port scan fails every handshake; one line a second says enough. */
const LOG_INTERVAL_MS = 1_000;

/**
 * Listens. Connections come in on a plain server, so that the first byte can be looked at, and are handed to a TLS
 * server that has no address of its own. `accept` hears of a connection when its handshake is over and its certificate,
 * if it needs one, has been found good.
 */
export async function listenTls(
  listening: ListenOptions,
  accept: Accept,
  options: CompleteOptions,
  credentials: Credentials,
): Promise<Listener> {
  const prepared = await credentials.prepared();
  const tlsServer = createTlsServer({
    ...prepared.options,
    allowHalfOpen: true,
    handshakeTimeout: options.handshakeTimeoutMs,
    requestCert: options.clientCertificates !== 'none',
    // Whoever needs none but shows one is judged in `secured`, where more can be said about it.
    rejectUnauthorized: options.clientCertificates === 'need',
  });
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: listening.keepAlive ?? false });
  const door = new Door(accept, options, tlsServer);
  server.on('connection', (socket) => door.arrived(socket));
  const bound = await bind(server, listening);
  server.on('error', (error) => door.refused('a connection', error));
  const unwatch = credentials.watch((changed) => tlsServer.setSecureContext(changed.options));
  return {
    host: bound.address,
    port: bound.port,
    get handshakes() {
      return door.handshakes;
    },
    close: async () => {
      unwatch();
      server.close();
      door.close();
    },
  };
}

/** Lets connections in, one by one. */
class Door {
  /** By the socket below: a TLS socket whose handshake has failed no longer knows where it came from. */
  private readonly addresses = new WeakMap<object, string>();
  /** Who has not come in yet, by address and port. */
  private readonly waiting = new Map<string, Socket>();
  private isClosed = false;
  private silentUntilMs = 0;
  private suppressed = 0;
  private failedCount = 0;
  private refusedCount = 0;

  constructor(
    private readonly accept: Accept,
    private readonly options: CompleteOptions,
    private readonly tlsServer: TlsServer,
  ) {
    tlsServer.on('secureConnection', (socket) => void this.secured(socket));
    tlsServer.on('tlsClientError', (error, socket) => this.failed(error, socket));
  }

  get handshakes(): HandshakeCounts {
    return { underway: this.waiting.size, failed: this.failedCount, refused: this.refusedCount };
  }

  arrived(socket: Socket): void {
    if (this.waiting.size >= this.options.maxHandshakes) {
      this.refusedCount++;
      this.refused(clientOf(socket), new Error(`${String(this.waiting.size)} others are still at their handshakes`));
      socket.destroy();
      return;
    }
    const end = endOf(socket);
    this.waiting.set(end, socket);
    socket.once('close', () => {
      if (this.waiting.get(end) === socket) this.waiting.delete(end);
    });
    if (this.options.allowsPlainText) this.sniff(socket);
    else this.encrypt(socket);
  }

  /** Lets in nobody more. */
  close(): void {
    this.isClosed = true;
    for (const socket of this.waiting.values()) socket.destroy();
  }

  refused(whose: string, error: Error & { code?: string }): void {
    const nowMs = performance.now();
    if (nowMs < this.silentUntilMs) {
      this.suppressed++;
      return;
    }
    const { suppressed } = this;
    this.options.logger.warn({ code: error.code, suppressed }, `${whose} was refused: ${error.message}`);
    this.silentUntilMs = nowMs + LOG_INTERVAL_MS;
    this.suppressed = 0;
  }

  /** Waits for the first byte. */
  private sniff(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), this.options.handshakeTimeoutMs).unref();
    const forget = (): void => void socket.destroy();
    socket.on('error', forget);
    socket.once('end', forget);
    socket.once('close', () => clearTimeout(timer));
    socket.once('data', (chunk: Buffer) => {
      clearTimeout(timer);
      socket.off('error', forget);
      socket.off('end', forget);
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === HANDSHAKE) this.encrypt(socket);
      else this.admit(socket, undefined);
    });
  }

  private encrypt(socket: Socket): void {
    // The TLS socket on top reports what happens to it; the one below must only not bring the process down.
    socket.on('error', () => undefined);
    this.addresses.set(socket, plainAddress(socket.remoteAddress));
    // Whoever leaves in the middle of a handshake is gone at once, not when its time is over: probes do that all day.
    socket.allowHalfOpen = false;
    this.tlsServer.emit('connection', socket);
  }

  private async secured(socket: TLSSocket): Promise<void> {
    const below = this.waiting.get(endOf(socket));
    if (below !== undefined) below.allowHalfOpen = true;
    const certificate = socket.getPeerCertificate(true);
    // Without a certificate this is an empty object, whatever the type says.
    const raw = certificate.raw as Uint8Array | undefined;
    if (this.options.clientCertificates === 'none' || raw === undefined) {
      this.admit(socket, undefined);
      return;
    }
    const whose = clientOf(socket);
    if (!socket.authorized) {
      const code = String(socket.authorizationError as unknown);
      this.turnAway(socket, certificateProblem(code, whose, certificate));
      return;
    }
    if (this.options.verifiesClientName) {
      socket.on('error', () => undefined);
      const address = plainAddress(socket.remoteAddress);
      let names = [address];
      if (!isFor(address, certificate) && this.options.allowsReverseLookup)
        names = [address, ...(await namesOf(address))];
      if (!names.some((name) => isFor(name, certificate))) {
        this.turnAway(socket, nameProblem(names, whose, certificate));
        return;
      }
    }
    this.admit(socket, subjectOf(raw));
  }

  private turnAway(socket: Socket, problem: TlsError): void {
    this.failedCount++;
    this.refused(clientOf(socket), problem);
    socket.on('error', () => undefined);
    socket.destroy();
  }

  private failed(error: Error & { code?: string }, socket: TLSSocket): void {
    this.failedCount++;
    // Not documented, and needed for the log only.
    const { _parent: below } = socket as { _parent?: object };
    const address = below === undefined ? undefined : this.addresses.get(below);
    const whose = address === undefined ? clientOf(socket) : `client ${address}`;
    const refusal = socket.authorizationError as unknown;
    if (typeof refusal === 'string') this.refused(whose, certificateProblem(refusal, whose, {}));
    else if (error.code !== 'ECONNRESET') this.refused(whose, explained(error, whose));
    socket.destroy();
  }

  private admit(socket: Socket, certificateSubject: string | undefined): void {
    this.waiting.delete(endOf(socket));
    const whose = clientOf(socket);
    const connection = new TlsConnection(socket, {
      closeTimeoutMs: this.options.closeTimeoutMs,
      ...(certificateSubject === undefined ? {} : { certificateSubject }),
      explain: (error) => explained(error, whose),
    });
    // Gone already: there is nobody to talk to, and no address to count.
    const handler = connection.remoteAddress === '' || this.isClosed ? undefined : this.accept(connection);
    if (handler === undefined) connection.destroy();
    else connection.start(handler);
  }
}

/** The same for a TLS socket as for the one below it. */
function endOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${String(socket.remotePort)}`;
}

function clientOf(socket: Socket): string {
  return `client ${plainAddress(socket.remoteAddress) || '(gone)'}`;
}
