import type { Connection, ConnectionHandler } from '@zk/contracts';
import type { Socket } from 'node:net';
import { plainAddress } from './addresses.js';

interface LocalEnd {
  readonly address: string;
  readonly port: number;
}

/** Errors that say no more than that the other end is gone, which is no news once it has said so itself. */
const PEER_GONE = new Set(['ECONNRESET', 'EPIPE']);

/** Whether `error` says no more than that the other end is gone. */
export function isPeerGone(error: NodeJS.ErrnoException): boolean {
  return PEER_GONE.has(error.code ?? '');
}

/**
 * One socket behind the contract. What kind of socket it is decides how it writes, and what its errors mean.
 *
 * Closing takes three steps where a socket has two. After `end()` the socket sends what it holds and then a FIN, but is
 * not closed yet: closing it over bytes that were not read makes the kernel send a reset, and a reset makes the other
 * kernel throw away the end of our reply. So this end goes on reading, into nothing, until the other end closes too
 * or `closeTimeoutMs` pass without progress.
 */
export abstract class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  private local: LocalEnd | undefined;
  protected isEnding = false;
  protected isDestroyed = false;
  /** A write has returned false, and `onDrain` has not followed yet. */
  protected isDrainOwed = false;
  protected error: Error | undefined;
  protected handler: ConnectionHandler | undefined;
  private isPaused = false;
  private isStarted = false;
  private hasPeerEnded = false;
  private closingTimer: NodeJS.Timeout | undefined;

  constructor(
    protected readonly socket: Socket,
    private readonly closeTimeoutMs: number,
  ) {
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.remotePort = socket.remotePort ?? 0;
    socket.on('error', (error) => this.failed(error));
    socket.on('end', () => this.peerEnded());
    socket.on('close', () => this.closed());
  }

  abstract write(bytes: Uint8Array, start: number, end: number): boolean;

  get localAddress(): string {
    return this.keepLocalEnd().address;
  }

  get localPort(): number {
    return this.keepLocalEnd().port;
  }

  get bufferedBytes(): number {
    return this.isDestroyed ? 0 : this.socket.writableLength;
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
    this.keepLocalEnd();
    this.socket.end();
    this.resumeReading();
    this.limitClosing();
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.keepLocalEnd();
    this.socket.destroy();
  }

  /** Reading begins, unless it was paused first. To be called once, when the handler is known. */
  start(handler: ConnectionHandler): void {
    this.handler = handler;
    this.isStarted = true;
    if (this.isPaused) this.socket.pause();
    else if (!this.isDestroyed) this.beginReading();
  }

  /**
   * Given to writes: one function per connection, not one per write. A failed write reports here before its socket
   * counts as destroyed, and holds nothing any more: that is no drain.
   */
  protected readonly onWritten = (error?: Error | null): void => {
    if (error || !this.isDrainOwed || this.isDestroyed || this.socket.destroyed || this.socket.writableLength > 0)
      return;
    this.isDrainOwed = false;
    this.handler?.onDrain();
  };

  /** What the handler is told of an error of the socket. */
  protected explained(error: Error): Error {
    return error;
  }

  /** The reply to the last bytes may be written at the end of this very turn, so this end closes one later. */
  protected peerEnded(): void {
    this.hasPeerEnded = true;
    this.keepLocalEnd();
    setImmediate(() => this.end());
  }

  /** Found out when somebody asks, or when it ends: it takes a system call, a tenth of what a new connection costs. */
  private keepLocalEnd(): LocalEnd {
    const { socket } = this;
    return (this.local ??= { address: plainAddress(socket.localAddress), port: socket.localPort ?? 0 });
  }

  /** A socket that was paused when it was made flows again by `resume`, any other starts with its first read. */
  private beginReading(): void {
    if (this.socket.readableFlowing === false) this.socket.resume();
    else this.socket.read(0);
  }

  /** A TLS socket that has failed by an alert is not closed by that, so it is closed here. */
  private failed(error: NodeJS.ErrnoException): void {
    this.isDestroyed = true;
    this.keepLocalEnd();
    this.socket.destroy();
    if (this.hasPeerEnded && isPeerGone(error)) return;
    this.error ??= this.explained(error);
  }

  private limitClosing(): void {
    const heldBytes = this.socket.writableLength;
    this.closingTimer = setTimeout(() => {
      const left = this.socket.writableLength;
      if (left > 0 && left < heldBytes) {
        this.limitClosing();
        return;
      }
      if (left > 0) {
        const text = `${String(left)} bytes were not taken within ${String(this.closeTimeoutMs)} ms of closing`;
        this.error ??= Object.assign(new Error(text), { code: 'ETIMEDOUT' });
      }
      this.destroy();
    }, this.closeTimeoutMs);
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
