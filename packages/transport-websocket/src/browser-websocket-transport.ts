import type { Connection, ConnectionHandler, DialOptions, Listener, Transport } from '@zk/contracts';
import { DEFAULT_CLOSE_TIMEOUT_MS, DEFAULT_PATH, type WebSocketOptions } from './options.js';
import { WebSocketConnection, type Wire, addressOf, asError, reasonOf, unref } from './websocket-connection.js';

/** What is used of the WebSocket of a browser. */
export interface StandardWebSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

export interface BrowserWebSocketOptions extends WebSocketOptions {
  /** Default: the global `WebSocket`. */
  readonly WebSocket?: new (url: string) => StandardWebSocket;
}

const NORMAL_CLOSURE = 1000;
const ABNORMAL_CLOSURE = 1006;
const OPEN = 1;
/** Bytes under way above which a writer should wait. They are the browser's copies. */
const HIGH_WATER_MARK_BYTES = 256 * 1024;
/** A browser does not tell when bytes have left, so it has to be asked. */
const POLL_MS = 5;

/** Connections over the WebSocket that browsers (and Node, Deno, Bun) have. It dials; nobody can listen in a page. */
export class BrowserWebSocketTransport implements Transport {
  constructor(private readonly options: BrowserWebSocketOptions = {}) {}

  listen(): Promise<Listener> {
    return Promise.reject(new Error('nothing can listen with the WebSocket of a browser'));
  }

  dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    const { host, port, signal } = options;
    const { path = DEFAULT_PATH, secure = isPageSecure(), closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS } = this.options;
    const address = addressOf(host, port, path, secure);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(reasonOf(signal));
        return;
      }
      const socket = new (this.options.WebSocket ?? globalWebSocket())(address);
      socket.binaryType = 'arraybuffer';
      let connection: WebSocketConnection | undefined;
      const onAbort = (): void => {
        if (signal) reject(reasonOf(signal));
        socket.close();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      socket.onopen = () => {
        signal?.removeEventListener('abort', onAbort);
        const wire = new BrowserWire(socket, () => connection?.drained());
        connection = new WebSocketConnection(wire, endpointsOf(host, port), closeTimeoutMs);
        try {
          connection.attach(open(connection));
          resolve(connection);
        } catch (error) {
          connection = undefined;
          socket.close();
          reject(asError(error));
        }
      };
      socket.onmessage = (event: { readonly data: unknown }) => {
        if (event.data instanceof ArrayBuffer) connection?.received(new Uint8Array(event.data));
      };
      // A browser says nothing about what went wrong, lest a page learns about the network it is in.
      socket.onerror = () => undefined;
      socket.onclose = (event: { readonly code: number }) => {
        signal?.removeEventListener('abort', onAbort);
        connection?.closed(event.code !== ABNORMAL_CLOSURE);
        reject(refusedError(address));
      };
    });
  }
}

class BrowserWire implements Wire {
  private poll: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly socket: StandardWebSocket,
    private readonly drained: () => void,
  ) {}

  get bufferedBytes(): number {
    return this.socket.readyState === OPEN ? this.socket.bufferedAmount : 0;
  }

  get isFull(): boolean {
    if (this.bufferedBytes <= HIGH_WATER_MARK_BYTES) return false;
    this.watch();
    return true;
  }

  send(bytes: Uint8Array): void {
    // The queue of a browser takes no memory that others can write to at the same time; ours never is.
    if (this.socket.readyState === OPEN) this.socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  close(): void {
    this.socket.close(NORMAL_CLOSURE);
  }

  terminate(): void {
    clearTimeout(this.poll);
    this.socket.close();
  }

  /** There is no way to stop a browser from reading: what comes is kept. */
  pause(): void {}

  resume(): void {}

  later(callback: () => void): void {
    setTimeout(callback, 0);
  }

  private watch(): void {
    if (this.poll !== undefined) return;
    this.poll = setTimeout(() => {
      this.poll = undefined;
      if (this.bufferedBytes > 0) this.watch();
      else this.drained();
    }, POLL_MS);
    unref(this.poll);
  }
}

function globalWebSocket(): new (url: string) => StandardWebSocket {
  const { WebSocket } = globalThis as { readonly WebSocket?: new (url: string) => StandardWebSocket };
  if (WebSocket === undefined) throw new Error('there is no WebSocket here');
  return WebSocket;
}

function isPageSecure(): boolean {
  const { location } = globalThis as { readonly location?: { readonly protocol: string } };
  return location?.protocol === 'https:';
}

/** A page knows the name it dialled, and neither address. */
function endpointsOf(host: string, port: number) {
  return { remoteAddress: host, remotePort: port, localAddress: '', localPort: 0 };
}

function refusedError(address: string): Error {
  return Object.assign(new Error(`no WebSocket with ${address}`), { code: 'ECONNREFUSED' });
}
