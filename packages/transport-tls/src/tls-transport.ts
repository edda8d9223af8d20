import type {
  Connection,
  ConnectionHandler,
  DialOptions,
  Listener,
  ListenOptions,
  Logger,
  Transport,
} from '@zk/contracts';
import { silentLogger } from '@zk/contracts';
import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { Credentials } from './credentials.js';
import { TlsError, certificateProblem, explained, nameProblem } from './explain.js';
import { isFor } from './host-names.js';
import type { TlsMaterial } from './stores/stores.js';
import { subjectOf } from './stores/subject.js';
import { TlsConnection } from './tls-connection.js';
import { listenTls } from './tls-listener.js';

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

/** Connections over TLS. */
export class TlsTransport implements Transport {
  private readonly options: CompleteOptions;
  private readonly credentials: Credentials;
  private readonly hasIdentity: boolean;

  constructor(options: TlsTransportOptions = {}) {
    this.options = {
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
