import type { Socket } from 'node:net';
import type WebSocket from 'ws';
import type { Endpoints, Wire } from './websocket-connection.js';
import { WebSocketConnection, unref } from './websocket-connection.js';

export interface WsWireOptions {
  readonly closeTimeoutMs: number;
  /** 0: no pings. */
  readonly keepAliveMs: number;
}

const NORMAL_CLOSURE = 1000;
const UNSUPPORTED_DATA = 1003;
const OPEN = 1;

/** The connection of a WebSocket of the `ws` package; its events lead there. */
export function connectionOf(socket: WebSocket, endpoints: Endpoints, options: WsWireOptions): WebSocketConnection {
  const wire = new WsWire(socket, () => connection.drained());
  const connection = new WebSocketConnection(wire, endpoints, options.closeTimeoutMs);
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) connection.received(new Uint8Array(data.buffer, data.byteOffset, data.length));
    else socket.close(UNSUPPORTED_DATA, 'binary messages only');
  });
  socket.on('error', (error) => connection.failed(error));
  socket.on('close', (code) => connection.closed(code !== ABNORMAL_CLOSURE));
  if (options.keepAliveMs > 0) keepAlive(socket, connection, options.keepAliveMs);
  return connection;
}

/** No closing handshake took place. */
const ABNORMAL_CLOSURE = 1006;

class WsWire implements Wire {
  /** Messages the platform has not let go of. */
  private unsent = 0;
  private isClosing = false;

  constructor(
    private readonly socket: WebSocket,
    private readonly drained: () => void,
  ) {}

  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  /** What the kernel did not take within the call is still in the writer's memory. */
  get isFull(): boolean {
    return this.socket.bufferedAmount > 0 && this.socket.readyState === OPEN;
  }

  send(bytes: Uint8Array): void {
    if (this.socket.readyState !== OPEN) return;
    this.unsent++;
    // A Buffer, because `ws` masks anything else in place.
    this.socket.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), this.onSent);
  }

  close(): void {
    this.isClosing = true;
    this.socket.close(NORMAL_CLOSURE);
  }

  terminate(): void {
    this.socket.terminate();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  later(callback: () => void): void {
    setImmediate(callback);
  }

  /** What was under way when the socket was lost ends without an error, but nowhere. */
  private readonly onSent = (error?: Error | null): void => {
    this.unsent--;
    const isLost = this.socket.readyState !== OPEN && !this.isClosing;
    if (this.unsent === 0 && !error && !isLost) this.drained();
  };
}

/** Asks now and then whether anybody is there: it keeps proxies from closing, and notices an end that is gone. */
function keepAlive(socket: WebSocket, connection: WebSocketConnection, intervalMs: number): void {
  let isAnswered = true;
  const timer = setInterval(() => {
    if (socket.readyState !== OPEN || connection.isReadingPaused) return;
    if (!isAnswered) {
      const error = Object.assign(new Error(`no answer to a ping within ${intervalMs} ms`), { code: 'ETIMEDOUT' });
      connection.failed(error);
      connection.destroy();
      return;
    }
    isAnswered = false;
    socket.ping();
  }, intervalMs);
  unref(timer);
  const answered = (): void => {
    isAnswered = true;
  };
  socket.on('pong', answered);
  socket.on('message', answered);
  socket.once('close', () => clearInterval(timer));
}

/** Both ends of a TCP or TLS socket, as the contract wants them. */
export function endpointsOf(socket: Socket): Endpoints {
  return {
    remoteAddress: plainAddress(socket.remoteAddress),
    remotePort: socket.remotePort ?? 0,
    localAddress: plainAddress(socket.localAddress),
    localPort: socket.localPort ?? 0,
  };
}

const MAPPED_IPV4 = '::ffff:';

/** Without scope, and IPv4 as IPv4 even where the socket is an IPv6 one. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  const scope = address.indexOf('%');
  const bare = scope === -1 ? address : address.slice(0, scope);
  return bare.startsWith(MAPPED_IPV4) && bare.includes('.') ? bare.slice(MAPPED_IPV4.length) : bare;
}
