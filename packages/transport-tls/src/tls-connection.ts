import type { Connection, ConnectionHandler } from '@zk/contracts';
import type { Socket } from 'node:net';
import { plainAddress } from './addresses.js';

/** Errors that say no more than that the other end is gone, which is no news once it has said so itself. */
const PEER_GONE = new Set(['ECONNRESET', 'EPIPE']);
/** Writes up to this size are copied, so that the caller has its memory back at once. */
const COPY_BYTES = 64 * 1024;
/** Bytes the socket may hold before a write says that it was not taken. */
const HELD_BYTES = 256 * 1024;

export interface TlsConnectionOptions {
  /** How long a connection that was told to end may go without progress before it is cut off. */
  readonly closeTimeoutMs: number;
  readonly certificateSubject?: string;
  /** Says what an error means. */
  readonly explain?: (error: Error) => Error;
  /** What to say when the other end closes in order before it has sent a single byte. */
  readonly silentClose?: () => Error;
}

/**
 * One socket behind the contract, encrypted or, on a port that serves both, not.
 *
 * A TLS socket never takes bytes within the call: it reports them written in a later turn, although they have long been
 * encrypted. So small writes are copied, at a fraction of what encrypting them costs, and `write` returns true while
 * the socket holds little; otherwise every reply would stop its connection for a turn.
 */
export class TlsConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly certificateSubject?: string;
  private isPaused = false;
  private isStarted = false;
  private isEnding = false;
  private isDestroyed = false;
  private hasReceived = false;
  private hasPeerEnded = false;
  private isDrainOwed = false;
  private error: Error | undefined;
  private handler: ConnectionHandler | undefined;
  private closingTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly options: TlsConnectionOptions,
  ) {
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    if (options.certificateSubject !== undefined) this.certificateSubject = options.certificateSubject;
    socket.on('error', (error) => this.failed(error));
    socket.on('end', () => this.peerEnded());
    socket.on('close', () => this.closed());
  }

  get bufferedBytes(): number {
    return this.isDestroyed ? 0 : this.socket.writableLength;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const { socket } = this;
    if (this.isEnding || this.isDestroyed) return this.bufferedBytes === 0;
    if (start >= end) return !this.isDrainOwed;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const isCopied = view.length <= COPY_BYTES;
    socket.write(isCopied ? Buffer.from(view) : view, this.onWritten);
    if (socket.destroyed) return true;
    if (this.isDrainOwed) return false;
    if (isCopied ? socket.writableLength <= HELD_BYTES : socket.writableLength === 0) return true;
    this.isDrainOwed = true;
    return false;
  }

  pauseReading(): void {
    if (this.isPaused || this.isEnding) return;
    this.isPaused = true;
    if (this.isStarted) this.socket.pause();
  }

  resumeReading(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.isStarted && !this.isDestroyed) this.socket.resume();
  }

  end(): void {
    if (this.isEnding || this.isDestroyed) return;
    this.isEnding = true;
    this.socket.end();
    this.resumeReading();
    this.limitClosing();
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.socket.destroy();
  }

  /** Reading begins, unless it was paused first. To be called once, when the handler is known. */
  start(handler: ConnectionHandler): void {
    this.handler = handler;
    this.isStarted = true;
    this.socket.on('data', (chunk: Buffer) => this.received(chunk));
    if (this.isPaused) this.socket.pause();
    else if (!this.isDestroyed) this.socket.resume();
  }

  private received(chunk: Buffer): void {
    if (this.isEnding || this.isDestroyed) return;
    this.hasReceived = true;
    this.handler?.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length), 0, chunk.length);
  }

  /** Given to every write: one function per connection, not one per write. */
  private readonly onWritten = (): void => {
    if (!this.isDrainOwed || this.isDestroyed || this.socket.destroyed || this.socket.writableLength > 0) return;
    this.isDrainOwed = false;
    this.handler?.onDrain();
  };

  /** A TLS socket that has failed by an alert is not closed by that. */
  private failed(error: NodeJS.ErrnoException): void {
    this.isDestroyed = true;
    this.socket.destroy();
    const isGone = PEER_GONE.has(error.code ?? '');
    if (this.hasPeerEnded && isGone) return;
    const silent = isGone && !this.hasReceived ? this.options.silentClose?.() : undefined;
    this.error ??= silent ?? this.options.explain?.(error) ?? error;
  }

  /** The reply to the last bytes may be written at the end of this very turn, so this end closes one later. */
  private peerEnded(): void {
    this.hasPeerEnded = true;
    if (!this.isEnding && !this.hasReceived && !this.isDestroyed) this.error ??= this.options.silentClose?.();
    setImmediate(() => this.end());
  }

  private limitClosing(): void {
    const heldBytes = this.socket.writableLength;
    const { closeTimeoutMs } = this.options;
    this.closingTimer = setTimeout(() => {
      const left = this.socket.writableLength;
      if (left > 0 && left < heldBytes) {
        this.limitClosing();
        return;
      }
      if (left > 0) {
        const text = `${String(left)} bytes were not taken within ${String(closeTimeoutMs)} ms of closing`;
        this.error ??= Object.assign(new Error(text), { code: 'ETIMEDOUT' });
      }
      this.destroy();
    }, closeTimeoutMs);
    this.closingTimer.unref();
  }

  private closed(): void {
    this.isDestroyed = true;
    clearTimeout(this.closingTimer);
    const { handler, error } = this;
    this.handler = undefined;
    handler?.onClose(error);
  }
}
