import type { Connection, ConnectionHandler, Transport } from '@zk/contracts';
import { readInt32, writeInt32 } from '@zk/jute';
import { ConnectionClosedError } from './errors.js';

/**
 * A connection that carries frames: an int32 length, then that many bytes. It knows nothing of what is in them, so
 * that a test can say whatever it likes, broken frames included, and see exactly what comes back.
 *
 * Frames that arrive wait in a queue until somebody takes them, unless there is a listener.
 */
export class FrameConnection {
  /** Resolves when the connection has ended, with the reason if there was one. Never rejects. */
  readonly closed: Promise<Error | undefined>;

  private connection!: Connection;
  private hasEnded = false;
  private endReason: Error | undefined;
  private resolveClosed!: (error: Error | undefined) => void;
  private readonly frames: Uint8Array[] = [];
  private readonly takers: { resolve(frame: Uint8Array): void; reject(error: Error): void }[] = [];
  private listener: ((frame: Uint8Array) => void) | undefined;
  /** Bytes of a frame that is not complete: `pending[0, pendingEnd)`. */
  private pending = new Uint8Array(1024);
  private pendingEnd = 0;

  private constructor() {
    this.closed = new Promise((resolve) => (this.resolveClosed = resolve));
  }

  /** @throws what {@link Transport.dial} throws */
  static async dial(
    transport: Transport,
    address: { readonly host: string; readonly port: number; readonly signal?: AbortSignal },
  ): Promise<FrameConnection> {
    const self = new FrameConnection();
    const handler: ConnectionHandler = {
      onData: (bytes, start, end) => self.onData(bytes, start, end),
      onDrain: () => undefined,
      onClose: (error) => self.onClose(error),
    };
    self.connection = await transport.dial({ ...address }, () => handler);
    return self;
  }

  get isClosed(): boolean {
    return this.hasEnded;
  }

  /** Frames that have arrived and that nobody has taken. */
  get waitingFrames(): number {
    return this.frames.length;
  }

  /** Sends one frame. */
  send(payload: Uint8Array): void {
    const frame = new Uint8Array(4 + payload.length);
    writeInt32(frame, 0, payload.length);
    frame.set(payload, 4);
    this.connection.write(frame, 0, frame.length);
  }

  /** Sends bytes as they are, without a length. */
  sendRaw(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.connection.write(copy, 0, copy.length);
  }

  /** The next frame that was not taken yet. @throws ConnectionClosedError when none will come */
  nextFrame(): Promise<Uint8Array> {
    const frame = this.frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.hasEnded) return Promise.reject(this.closedError('no frame came'));
    return new Promise((resolve, reject) => this.takers.push({ resolve, reject }));
  }

  /** Puts a frame back that {@link nextFrame} gave: it will be the next one again. */
  putBack(frame: Uint8Array): void {
    const taker = this.takers.shift();
    if (taker) taker.resolve(frame);
    else this.frames.unshift(frame);
  }

  /** From now on, frames go to the listener, as they arrive; those that wait go first. */
  listen(listener: (frame: Uint8Array) => void): void {
    this.listener = listener;
    for (const frame of this.frames.splice(0)) listener(frame);
  }

  /** Stops reading: the server feels back-pressure. */
  pauseReading(): void {
    this.connection.pauseReading();
  }

  resumeReading(): void {
    this.connection.resumeReading();
  }

  /** Sends what was written, then closes. */
  end(): void {
    this.connection.end();
  }

  /** Closes now. */
  destroy(): void {
    this.connection.destroy();
  }

  closedError(what: string): ConnectionClosedError {
    return new ConnectionClosedError(`the connection is closed, ${what}`, this.endReason);
  }

  private onData(bytes: Uint8Array, start: number, end: number): void {
    this.append(bytes, start, end);
    let at = 0;
    while (this.pendingEnd - at >= 4) {
      const length = readInt32(this.pending, at);
      if (length < 0) {
        this.endReason = new Error(`a frame of ${length} bytes arrived`);
        this.connection.destroy();
        return;
      }
      if (this.pendingEnd - at - 4 < length) break;
      this.deliver(this.pending.slice(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.pending.copyWithin(0, at, this.pendingEnd);
    this.pendingEnd -= at;
  }

  private append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.pendingEnd + end - start;
    if (needed > this.pending.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.pending.length));
      larger.set(this.pending.subarray(0, this.pendingEnd));
      this.pending = larger;
    }
    this.pending.set(bytes.subarray(start, end), this.pendingEnd);
    this.pendingEnd = needed;
  }

  private deliver(frame: Uint8Array): void {
    if (this.listener) return this.listener(frame);
    const taker = this.takers.shift();
    if (taker) taker.resolve(frame);
    else this.frames.push(frame);
  }

  private onClose(error?: Error): void {
    this.hasEnded = true;
    this.endReason ??= error;
    for (const taker of this.takers.splice(0)) taker.reject(this.closedError('no frame came'));
    this.resolveClosed(this.endReason);
  }
}
