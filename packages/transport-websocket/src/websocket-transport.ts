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
import { type IncomingMessage, type Server, createServer } from 'node:http';
import { type ServerOptions as HttpsOptions, createServer as createSecureServer } from 'node:https';
import { type AddressInfo, type Socket, connect, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, type SecureContextOptions, connect as connectSecurely } from 'node:tls';
import WebSocket, { WebSocketServer } from 'ws';
import { Arrivals } from './arrivals.js';
import { DEFAULT_CLOSE_TIMEOUT_MS, DEFAULT_PATH, type WebSocketOptions } from './options.js';
import { type WebSocketConnection, addressOf, asError, reasonOf } from './websocket-connection.js';
import { type WsWireOptions, connectionOf, endpointsOf } from './ws-wire.js';

export interface WebSocketTransportOptions extends WebSocketOptions {
  /**
   * Pages that may connect, as browsers name them in the Origin header (`https://console.example.org`); `*` is all of
   * them. Default: none. A browser sends the header with every WebSocket and a page cannot change it, so this is what
   * keeps strangers' pages from using the network position of the people who visit them.
   */
  readonly allowedOrigins?: readonly string[];
  /** Whether an other end that sends no Origin may connect, as programs do; default true. */
  readonly allowMissingOrigin?: boolean;
  /** Longest message received, in bytes; a longer one closes the connection. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /** Time between pings, and for the answer to one; 0: none. Default 30,000. */
  readonly keepAliveMs?: number;
  /** Key and certificate of a listener; authorities, key and certificate of a dialling end. */
  readonly tls?: HttpsOptions & ConnectionOptions;
  /** Tells a listener of keys and certificates that take the place of those in `tls`, until what it returns is called. */
  readonly watchTls?: (onChange: (tls: SecureContextOptions) => void) => () => void;
  /** How long it may take from a connection to its WebSocket, TLS included; default 10,000. */
  readonly handshakeTimeoutMs?: number;
  readonly logger?: Logger;
}

const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const DEFAULT_KEEP_ALIVE_MS = 30_000;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
/** A page that is not allowed tries again and again, in many browsers; one line a second says enough. */
const REFUSAL_LOG_INTERVAL_MS = 1_000;
/** Of what a stranger has sent, in the log. */
const MAX_QUOTED_CHARS = 200;

type Accept = (connection: Connection) => ConnectionHandler | undefined;

/** Connections over WebSocket, both ends: every message is binary, and their boundaries mean nothing. */
export class WebSocketTransport implements Transport {
  private readonly path: string;
  private readonly isSecure: boolean;
  private readonly origins: ReadonlySet<string>;
  private readonly logger: Logger;
  private readonly wireOptions: WsWireOptions;
  private readonly limits: { readonly maxPayload: number; readonly perMessageDeflate: false };
  private silentUntilMs = 0;
  private suppressed = 0;

  constructor(private readonly options: WebSocketTransportOptions = {}) {
    this.path = options.path ?? DEFAULT_PATH;
    if (!this.path.startsWith('/'))
      throw new RangeError(`the path of a WebSocket begins with /, not as in ${this.path}`);
    this.isSecure = options.secure ?? options.tls !== undefined;
    this.origins = new Set(options.allowedOrigins?.map(plainOrigin));
    this.logger = options.logger ?? silentLogger;
    this.wireOptions = {
      closeTimeoutMs: options.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS,
      keepAliveMs: options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS,
    };
    this.limits = { maxPayload: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES, perMessageDeflate: false };
  }

  async listen(options: ListenOptions, accept: Accept): Promise<Listener> {
    const { tls } = this.options;
    const http = tls === undefined ? createServer() : createSecureServer(tls);
    http.on('request', (_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end('WebSocket only\n');
    });
    const arrivals = new Arrivals(this.options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS);
    http.on('connection', (socket: Socket) => arrivals.arrived(socket));
    const upgrader = new WebSocketServer({ noServer: true, clientTracking: false, ...this.limits });
    http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const refusal = this.refusalOf(request);
      if (refusal !== undefined) {
        this.logRefusal(socket.remoteAddress, refusal.status, refusal.reason);
        refuse(socket, refusal.status);
        return;
      }
      socket.setNoDelay(true);
      socket.setKeepAlive(options.keepAlive ?? false);
      upgrader.handleUpgrade(request, socket, head, (webSocket) => {
        arrivals.settled(socket);
        this.accepted(webSocket, socket, accept);
      });
    });
    const { address, port } = await bind(http, options);
    const unwatch =
      'setSecureContext' in http ? this.options.watchTls?.((changed) => http.setSecureContext(changed)) : undefined;
    return {
      host: address,
      port,
      // Frees the address at once; the event that it is closed would wait for the connections.
      close: async () => {
        unwatch?.();
        http.close();
        http.closeIdleConnections();
        arrivals.close();
      },
    };
  }

  private logRefusal(client: string | undefined, status: string, reason: string): void {
    const nowMs = performance.now();
    if (nowMs < this.silentUntilMs) {
      this.suppressed++;
      return;
    }
    this.logger.warn({ client, status, suppressed: this.suppressed }, reason);
    this.silentUntilMs = nowMs + REFUSAL_LOG_INTERVAL_MS;
    this.suppressed = 0;
  }

  dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    const { host, port, signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(reasonOf(signal));
        return;
      }
      let socket: Socket | undefined;
      const createConnection = (): Socket => (socket = this.connect(options));
      const webSocket = new WebSocket(addressOf(host, port, this.path, this.isSecure), {
        ...this.limits,
        createConnection,
      });
      const onAbort = (): void => {
        if (signal) reject(reasonOf(signal));
        webSocket.terminate();
      };
      // Stays: an attempt that is given up reports an error of its own.
      webSocket.on('error', (error) => {
        signal?.removeEventListener('abort', onAbort);
        reject(this.explained(error, options));
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      webSocket.once('open', () => {
        signal?.removeEventListener('abort', onAbort);
        const connection = connectionOf(webSocket, endpointsOf(socket!), this.wireOptions);
        try {
          connection.attach(open(connection));
          resolve(connection);
        } catch (error) {
          webSocket.terminate();
          reject(asError(error));
        }
      });
    });
  }

  private connect({ host, port, serverName = host }: DialOptions): Socket {
    if (!this.isSecure) return connect({ host, port, noDelay: true });
    const name = isIP(serverName) === 0 ? { servername: serverName } : {};
    const socket = connectSecurely({ ...this.options.tls, host, port, ...name });
    socket.setNoDelay(true);
    return socket;
  }

  private accepted(webSocket: WebSocket, socket: Socket, accept: Accept): void {
    const connection: WebSocketConnection = connectionOf(webSocket, endpointsOf(socket), this.wireOptions);
    // Gone between the kernel's accept and ours: there is nobody to talk to, and no address to count.
    const handler = connection.remoteAddress === '' ? undefined : accept(connection);
    if (handler === undefined) webSocket.terminate();
    else connection.attach(handler);
  }

  private refusalOf(request: IncomingMessage): { readonly status: string; readonly reason: string } | undefined {
    const [path] = (request.url ?? '').split('?');
    if (path !== this.path)
      return { status: '404 Not Found', reason: `a WebSocket for another path: ${quotable(path)}` };
    const { origin } = request.headers;
    if (origin === undefined) {
      if (this.options.allowMissingOrigin ?? true) return undefined;
      return { status: '403 Forbidden', reason: 'a WebSocket without an origin' };
    }
    if (this.origins.has('*') || this.origins.has(plainOrigin(origin))) return undefined;
    return {
      status: '403 Forbidden',
      reason: `a WebSocket from a page of ${quotable(origin)}, which is not an allowed origin`,
    };
  }

  private explained(error: Error, { host, port }: DialOptions): Error {
    if ('code' in error) return error;
    const address = addressOf(host, port, this.path, this.isSecure);
    return Object.assign(new Error(`${address} refused a WebSocket: ${error.message}`, { cause: error }), {
      code: 'EPROTO',
    });
  }
}

function quotable(text: string | undefined): string {
  return (text ?? '').slice(0, MAX_QUOTED_CHARS);
}

/** Origins are compared as browsers write them: lower case, nothing behind the port. */
function plainOrigin(origin: string): string {
  return origin.toLowerCase().replace(/\/$/, '');
}

/** Whoever does not hang up then is cut off when the time for the handshake is over. */
function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.resume();
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function bind(server: Server, { host, port, backlog }: ListenOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host !== undefined && { host }), ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve(server.address() as AddressInfo);
    });
  });
}
