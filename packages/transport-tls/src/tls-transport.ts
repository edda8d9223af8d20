import type { Connection, ConnectionHandler, DialOptions, Listener, ListenOptions, Transport } from '@zk/contracts';
import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { Credentials } from './credentials.js';
import { TlsError, certificateProblem, explained, nameProblem } from './explain.js';
import { isFor } from './host-names.js';
import { type CompleteOptions, type TlsTransportOptions, completeOptions } from './options.js';
import { subjectOf } from './stores/subject.js';
import { TlsConnection } from './tls-connection.js';
import { listenTls } from './tls-listener.js';

/** Connections over TLS. */
export class TlsTransport implements Transport {
  private readonly options: CompleteOptions;
  private readonly credentials: Credentials;
  private readonly hasIdentity: boolean;

  constructor(options: TlsTransportOptions = {}) {
    this.options = completeOptions(options);
    this.hasIdentity = options.identity !== undefined;
    this.credentials = new Credentials(options, this.options.logger);
  }

  /** @throws Error also when the certificate, its key or the trust store cannot be read */
  async listen(
    options: ListenOptions,
    accept: (connection: Connection) => ConnectionHandler | undefined,
  ): Promise<Listener> {
    if (!this.hasIdentity) throw new Error('a TLS port needs a certificate and its key');
    return listenTls(options, accept, this.options, this.credentials);
  }

  /** @throws TlsError when the other end is refused or refuses */
  async dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    const { signal } = options;
    signal?.throwIfAborted();
    const { context: secureContext } = await this.credentials.prepared();
    signal?.throwIfAborted();
    const { host, port, serverName = host } = options;
    const whose = `server ${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
    const dialling: ConnectionOptions & { allowHalfOpen: boolean } = {
      host,
      port,
      secureContext,
      allowHalfOpen: true,
      // Judged below, where there is more to say about it.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    };
    const socket = connect(dialling);
    socket.setNoDelay(true);
    if (options.keepAlive === true) socket.setKeepAlive(true);
    await this.handshake(socket, whose, signal);
    const problem = this.problemOf(socket, serverName, whose);
    if (problem !== undefined) {
      socket.destroy();
      throw problem;
    }
    const connection = new TlsConnection(socket, {
      closeTimeoutMs: this.options.closeTimeoutMs,
      certificateSubject: subjectOf(socket.getPeerCertificate().raw),
      explain: (error) => explained(error, whose),
      silentClose: () => silentClose(whose, this.hasIdentity),
    });
    try {
      connection.start(open(connection));
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return connection;
  }

  private handshake(socket: TLSSocket, whose: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const { handshakeTimeoutMs } = this.options;
      let isConnected = false;
      const fail = (error: Error): void => {
        done();
        // What the socket still has to say is said already.
        socket.on('error', () => undefined);
        socket.destroy();
        reject(error);
      };
      const onAbort = (): void => fail(signal?.reason as Error);
      const onError = (error: Error & { code?: string }): void => {
        const isCut = isConnected && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        fail(isCut ? cutShort(whose, error) : explained(error, whose));
      };
      const timer = setTimeout(
        () => fail(new TlsError(`no TLS handshake with ${whose} in ${String(handshakeTimeoutMs)} ms`, 'ETIMEDOUT')),
        handshakeTimeoutMs,
      );
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        socket.off('error', onError);
      };
      socket.once('connect', () => (isConnected = true));
      socket.on('error', onError);
      socket.once('secureConnect', () => {
        done();
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  private problemOf(socket: TLSSocket, serverName: string, whose: string): TlsError | undefined {
    const certificate = socket.getPeerCertificate(true);
    // For a certificate that is not trusted this holds the code of OpenSSL, whatever its type says.
    const refusal = socket.authorizationError as unknown;
    if (!socket.authorized) return certificateProblem(String(refusal), whose, certificate);
    if (!this.options.verifiesServerName || isFor(serverName, certificate)) return undefined;
    return nameProblem([serverName], whose, certificate);
  }
}

function cutShort(whose: string, cause: Error & { code?: string }): TlsError {
  const reason = 'perhaps its port is for plain text, or it takes no more connections';
  const text = `${whose} closed the connection during the TLS handshake: ${reason}`;
  return new TlsError(text, cause.code ?? 'ECONNRESET', cause);
}

/** Since TLS 1.3 a server judges a client when that has long begun to send, and OpenSSL under Node says nothing. */
function silentClose(whose: string, hasIdentity: boolean): TlsError {
  const reason = hasIdentity ? 'it may refuse this client certificate' : 'it may want a client certificate';
  return new TlsError(`${whose} closed the connection after the TLS handshake without a word: ${reason}`, 'ECONNRESET');
}
