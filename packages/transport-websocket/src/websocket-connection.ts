import type { Connection, ConnectionHandler } from '@zk/contracts';

/** A WebSocket, of whatever platform, reduced to what a connection needs of it. */
export interface Wire {
  /** Bytes given to {@link send} that the platform has not passed on. */
  readonly bufferedBytes: number;
  /** Whether a writer should wait for {@link WebSocketConnection.drained}: always, while the platform refers to its memory. */
  readonly isFull: boolean;
  /** One message. */
  send(bytes: Uint8Array): void;
  /** Begins the closing handshake, behind everything sent. */
  close(): void;
  /** Gives up at once. */
  terminate(): void;
  pause(): void;
  resume(): void;
  /** In a turn of its own. */
  later(callback: () => void): void;
}

export interface Endpoints {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** Longest message sent, in bytes: what is longer goes out as several, so that the other end may limit them. */
const MESSAGE_BYTES = 256 * 1024;
/** Bytes kept for a handler that has paused, above which the platform is told to stop reading. */
const HIGH_WATER_MARK_BYTES = 64 * 1024;

/**
 * A stream of bytes over messages: where a message begins and ends means nothing. A platform goes on delivering messages
 * it has read already after it was told to pause, so those wait here, and an end that was seen behind them waits too.
 */
export class WebSocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  private handler: ConnectionHandler | undefined;
  private kept: Uint8Array[] = [];
  private keptBytes = 0;
  private isPaused = false;
  private isWirePaused = false;
  private isFlushScheduled = false;
  private isDrainOwed = false;
  private isEnding = false;
  private isFinished = false;
  private withheldClose: { readonly error: Error | undefined } | undefined;
  private error: Error | undefined;
  private closingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly wire: Wire,
    endpoints: Endpoints,
    private readonly closeTimeoutMs: number,
  ) {
    this.remoteAddress = endpoints.remoteAddress;
    this.remotePort = endpoints.remotePort;
    this.localAddress = endpoints.localAddress;
    this.localPort = endpoints.localPort;
  }

  attach(handler: ConnectionHandler): void {
    this.handler = handler;
  }

  // ---- Connection

  get bufferedBytes(): number {
    return this.isFinished ? 0 : this.wire.bufferedBytes;
  }

  /** Whether the handler wants no data at the moment, so that nothing can be concluded from silence. */
  get isReadingPaused(): boolean {
    return this.isPaused;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isFinished) return true;
    if (this.isEnding || start >= end) return !this.isDrainOwed;
    for (let at = start; at < end; at += MESSAGE_BYTES) {
      this.wire.send(bytes.subarray(at, Math.min(end, at + MESSAGE_BYTES)));
    }
    if (!this.wire.isFull) return !this.isDrainOwed;
    this.isDrainOwed = true;
    return false;
  }

  pauseReading(): void {
    if (!this.isEnding) this.isPaused = true;
    if (this.isPaused) this.pauseWire();
  }

  resumeReading(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.kept.length > 0 || this.withheldClose !== undefined) this.scheduleFlush();
    else this.resumeWire();
  }

  end(): void {
    if (this.isEnding || this.isFinished) return;
    this.stopReceiving();
    if (this.finishWithheld()) return;
    this.wire.close();
    this.limitClosing();
  }

  destroy(): void {
    if (this.isFinished) return;
    this.stopReceiving();
    clearTimeout(this.closingTimer);
    this.wire.terminate();
    this.wire.later(() => this.finish(this.error));
  }

  // ---- what the platform tells

  /** A message; the memory may be anybody's after this. */
  received(bytes: Uint8Array): void {
    if (this.isEnding || this.isFinished || bytes.length === 0) return;
    if (!this.isPaused && this.kept.length === 0) {
      this.handler?.onData(bytes, 0, bytes.length);
      return;
    }
    this.kept.push(bytes.slice());
    this.keptBytes += bytes.length;
    if (this.keptBytes > HIGH_WATER_MARK_BYTES) this.pauseWire();
  }

  /** Everything sent has left. */
  drained(): void {
    if (!this.isDrainOwed || this.isFinished) return;
    this.isDrainOwed = false;
    this.handler?.onDrain();
  }

  /** Something went wrong; the end follows. */
  failed(error: Error): void {
    this.error ??= error;
  }

  /** The platform's WebSocket is closed; `isOrderly` if either end had said so. */
  closed(isOrderly: boolean): void {
    if (!isOrderly && !this.isEnding) this.error ??= resetError();
    if (this.kept.length > 0 && !this.isEnding) this.withheldClose = { error: this.error };
    else this.finish(this.error);
  }

  // ----

  private stopReceiving(): void {
    this.isEnding = true;
    this.isPaused = false;
    this.kept = [];
    this.keptBytes = 0;
    this.resumeWire();
  }

  private finishWithheld(): boolean {
    const { withheldClose } = this;
    if (withheldClose !== undefined) this.wire.later(() => this.finish(withheldClose.error));
    return withheldClose !== undefined;
  }

  private scheduleFlush(): void {
    if (this.isFlushScheduled) return;
    this.isFlushScheduled = true;
    this.wire.later(() => {
      this.isFlushScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    while (!this.isPaused && !this.isFinished) {
      const bytes = this.kept.shift();
      if (bytes === undefined) break;
      this.keptBytes -= bytes.length;
      this.handler?.onData(bytes, 0, bytes.length);
    }
    if (this.isPaused || this.isFinished) return;
    if (this.withheldClose !== undefined) this.finish(this.withheldClose.error);
    else this.resumeWire();
  }

  private pauseWire(): void {
    if (this.isWirePaused || this.isFinished) return;
    this.isWirePaused = true;
    this.wire.pause();
  }

  private resumeWire(): void {
    if (!this.isWirePaused) return;
    this.isWirePaused = false;
    this.wire.resume();
  }

  /** An other end that neither reads nor closes is not waited for longer than it makes progress. */
  private limitClosing(): void {
    const heldBytes = this.wire.bufferedBytes;
    this.closingTimer = setTimeout(() => {
      const left = this.wire.bufferedBytes;
      if (left > 0 && left < heldBytes) {
        this.limitClosing();
        return;
      }
      if (left > 0) {
        const text = `${left} bytes were not taken within ${this.closeTimeoutMs} ms of closing`;
        this.error ??= Object.assign(new Error(text), { code: 'ETIMEDOUT' });
      }
      this.destroy();
    }, this.closeTimeoutMs);
    unref(this.closingTimer);
  }

  private finish(error: Error | undefined): void {
    if (this.isFinished) return;
    this.isFinished = true;
    clearTimeout(this.closingTimer);
    const { handler } = this;
    this.handler = undefined;
    this.kept = [];
    handler?.onClose(error);
  }
}

/** Timers keep a Node process alive, and are numbers in a browser. */
export function unref(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === 'object') timer.unref();
}

export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}

/** `ws://host:port/path`, or `wss:`. */
export function addressOf(host: string, port: number, path: string, isSecure: boolean): string {
  return `${isSecure ? 'wss' : 'ws'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

function resetError(): Error {
  return Object.assign(new Error('the WebSocket broke without a goodbye'), { code: 'ECONNRESET' });
}
