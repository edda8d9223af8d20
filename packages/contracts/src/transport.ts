/**
 * Byte streams between two ends. An implementation is an adapter (TCP, memory, TLS, WebSocket); every one passes the
 * transport compliance suite.
 */

export interface Transport {
  /**
   * Starts accepting. `accept` runs once per connection, in order of arrival, before any byte of it is delivered, and
   * returns the handler of that connection; returning undefined refuses it: it is closed without a byte.
   * @throws an Error with `code` (`EADDRINUSE`, `EACCES`, …) when the address cannot be bound
   */
  listen(options: ListenOptions, accept: (connection: Connection) => ConnectionHandler | undefined): Promise<Listener>;

  /**
   * Connects. The handler is asked for once, before any byte is delivered.
   * @throws an Error with `code` when the other end refuses, or the signal's reason when it aborts first
   */
  dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection>;
}

export interface ListenOptions {
  /** Address to bind; absent: all addresses. */
  readonly host?: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Connections the platform may hold before they are accepted; absent: its default. */
  readonly backlog?: number;
  /** Let the platform probe idle connections; default false. */
  readonly keepAlive?: boolean;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** The name that the other end must prove, where the transport checks one (TLS); default: `host`. */
  readonly serverName?: string;
  /** Let the platform probe the connection while it is idle; default false. */
  readonly keepAlive?: boolean;
  readonly signal?: AbortSignal;
}

export interface Listener {
  /** The address actually bound. */
  readonly host: string;
  readonly port: number;
  /** As they are now; absent where a connection takes no handshake. */
  readonly handshakes?: HandshakeCounts;
  /** Stops accepting and frees the address. Open connections stay open. Idempotent. */
  close(): Promise<void>;
}

/** What comes before a connection is accepted, where there is such a thing: TLS. */
export interface HandshakeCounts {
  /** Not over yet. */
  readonly underway: number;
  /** Failed since the listener was opened: no certificate that is trusted, no protocol in common, gone in the middle. */
  readonly failed: number;
  /** Not begun, because too many were under way. */
  readonly refused: number;
}

/** What one end hears. Calls never overlap, never happen inside a call of {@link Connection}, and end with `onClose`. */
export interface ConnectionHandler {
  /**
   * Bytes arrived: `bytes[start, end)`. They are valid only during this call; what is needed later must be copied
   * (the compliance suite overwrites them). Never called while reading is paused, save once for bytes that had
   * already left the platform.
   */
  onData(bytes: Uint8Array, start: number, end: number): void;
  /**
   * Everything written has left, after a {@link Connection.write} that returned false. Not called when the connection is
   * lost before that: only `onClose` follows then.
   */
  onDrain(): void;
  /** Exactly once; nothing is called after it. `error` is absent when either end closed in order. */
  onClose(error?: Error): void;
}

export interface Connection {
  /** Textual address of the other end, without brackets or scope; an IPv4-mapped IPv6 address is shown as IPv4. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Of this end; perhaps empty, and 0, when the other end has cut the connection before anybody asked. */
  readonly localAddress: string;
  readonly localPort: number;
  /** Subject of the other end's certificate in RFC 2253 form, when it showed one that was verified. */
  readonly certificateSubject?: string;
  /** Bytes written that the transport still holds. */
  readonly bufferedBytes: number;

  /**
   * Sends `bytes[start, end)` in order.
   * @returns true when the transport holds no reference to any byte handed to it: the caller may reuse the memory at
   *   once. False: the caller must not touch these bytes before `onDrain`. Writing on a closed connection is ignored
   *   and returns true.
   */
  write(bytes: Uint8Array, start: number, end: number): boolean;
  /** Stops {@link ConnectionHandler.onData}; the other end feels back-pressure. Idempotent. */
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what was written, then closes. What the other end still sends is discarded. */
  end(): void;
  /** Closes now; what was written may be lost. `onClose` follows, in a later turn. Idempotent. */
  destroy(): void;
}

export const TRANSPORT = Symbol.for('@zk/Transport');
