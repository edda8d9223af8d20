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
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { bind } from './bind.js';
import { canTakeHandles, makeReadBuffer, setNoDelayForAccepted, socketOf, takeHandles } from './shared-read-buffer.js';
import { TcpConnection } from './tcp-connection.js';

export interface TcpTransportOptions {
  readonly logger?: Logger;
  /** Read into one buffer shared by all connections, where the platform allows it; default true. */
  readonly sharedReadBuffer?: boolean;
  /**
   * How long a connection that was told to end may go without progress before it is cut off; default 3,000. It bounds
   * what an other end that neither reads nor closes can hold on to.
   */
  readonly closeTimeoutMs?: number;
}

type Accept = (connection: Connection) => ConnectionHandler | undefined;

/** What is to be done about connections that are accepted. */
interface AcceptedPlan {
  /** So many that come next are told by themselves not to hold small writes back. */
  toTellNoDelay: number;
  readonly isKeptAlive: boolean;
}

/** Connections that wait to be accepted, unless somebody says otherwise: as Node has it. */
const DEFAULT_BACKLOG = 511;

const DEFAULT_CLOSE_TIMEOUT_MS = 3_000;
/** Running out of descriptors fails every accept; one line a second says enough. */
const ACCEPT_ERROR_LOG_INTERVAL_MS = 1_000;

export class TcpTransport implements Transport {
  private readonly logger: Logger;
  private readonly closeTimeoutMs: number;
  private readonly readBuffer: Uint8Array | undefined;

  constructor(options: TcpTransportOptions = {}) {
    this.logger = options.logger ?? silentLogger;
    this.closeTimeoutMs = options.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS;
    this.readBuffer = (options.sharedReadBuffer ?? true) ? makeReadBuffer() : undefined;
  }

  async listen(options: ListenOptions, accept: Accept): Promise<Listener> {
    const { keepAlive = false } = options;
    const readBuffer = await this.usableReadBuffer();
    const server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      keepAlive,
    });
    server.on('connection', (socket) => this.accepted(socket, accept));
    const { address, port } = await bind(server, options);
    if (readBuffer) {
      // The kernel may have taken in as many before it was told.
      const queued = (options.backlog ?? DEFAULT_BACKLOG) + 1;
      const plan = { toTellNoDelay: setNoDelayForAccepted(server) ? queued : Infinity, isKeptAlive: keepAlive };
      takeHandles(server, (handle) => this.adopted(handle, readBuffer, plan, accept));
    }
    this.logAcceptErrors(server, port);
    return {
      host: address,
      port,
      // Frees the address at once; the event that it is closed would wait for the connections.
      close: async () => {
        server.close();
      },
    };
  }

  dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    const { host, port, keepAlive = false, signal } = options;
    const { readBuffer } = this;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(reasonOf(signal));
        return;
      }
      let connection: TcpConnection | undefined;
      const callback = (count: number, bytes: Uint8Array): boolean => {
        connection?.received(bytes, count);
        return true;
      };
      const onread = readBuffer ? { buffer: readBuffer, callback } : undefined;
      const socket = connect({ host, port, noDelay: true, keepAlive, allowHalfOpen: true, ...(onread && { onread }) });
      const onAbort = (): void => {
        socket.destroy();
        if (signal) reject(reasonOf(signal));
      };
      const onError = (error: Error): void => {
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      socket.on('error', onError);
      socket.once('connect', () => {
        signal?.removeEventListener('abort', onAbort);
        connection = new TcpConnection(socket, this.closeTimeoutMs);
        socket.off('error', onError);
        try {
          const handler = open(connection);
          if (!onread) passOnData(socket, connection);
          connection.start(handler);
          resolve(connection);
        } catch (error) {
          socket.destroy();
          reject(error instanceof Error ? error : new Error(String(error), { cause: error }));
        }
      });
    });
  }

  private accepted(socket: Socket, accept: Accept): void {
    passOnData(socket, this.start(socket, accept));
  }

  /** As {@link accepted}, but it reads into the shared buffer. */
  private adopted(handle: object, readBuffer: Uint8Array, plan: AcceptedPlan, accept: Accept): void {
    const socket = socketOf(handle, readBuffer, (count, bytes) => {
      connection.received(bytes, count);
      return true;
    });
    if (plan.toTellNoDelay > 0) {
      plan.toTellNoDelay--;
      socket.setNoDelay(true);
    }
    if (plan.isKeptAlive) socket.setKeepAlive(true);
    const connection = this.start(socket, accept);
  }

  /** A connection with whoever takes it; it is closed if nobody does. Its data comes later than this. */
  private start(socket: Socket, accept: Accept): TcpConnection {
    const connection = new TcpConnection(socket, this.closeTimeoutMs);
    // Gone between the kernel's accept and ours: there is nobody to talk to, and no address to count.
    const handler = connection.remoteAddress === '' ? undefined : accept(connection);
    if (handler === undefined) connection.destroy();
    else connection.start(handler);
    return connection;
  }

  private async usableReadBuffer(): Promise<Uint8Array | undefined> {
    if (!this.readBuffer || (await canTakeHandles())) return this.readBuffer;
    this.logger.warn(
      {},
      'accepted sockets cannot share a read buffer on this platform, so each read allocates its own',
    );
    return undefined;
  }

  /** An accept that fails (no descriptor left, a peer gone already) costs that connection, not the server. */
  private logAcceptErrors(server: Server, port: number): void {
    let silentUntilMs = 0;
    let suppressed = 0;
    server.on('error', (error: NodeJS.ErrnoException) => {
      const nowMs = performance.now();
      if (nowMs < silentUntilMs) {
        suppressed++;
        return;
      }
      this.logger.warn({ port, code: error.code, suppressed }, `a connection could not be accepted: ${error.message}`);
      silentUntilMs = nowMs + ACCEPT_ERROR_LOG_INTERVAL_MS;
      suppressed = 0;
    });
  }
}

/** The documented way to read: a buffer of its own for every chunk, shown as the plain array the contract promises. */
function passOnData(socket: Socket, connection: TcpConnection): void {
  socket.on('data', (chunk: Buffer) => {
    connection.received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length), chunk.length);
  });
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}
