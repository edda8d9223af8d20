import { SocketConnection } from './socket-connection.js';

const NOTHING = Buffer.alloc(0);

/** A socket of TCP itself: the kernel takes what is written within the call, as a rule. */
export class TcpConnection extends SocketConnection {
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const { socket } = this;
    if (this.isEnding || this.isDestroyed || start >= end) return this.bufferedBytes === 0;
    socket.write(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start));
    // The kernel took everything within the call, as it nearly always does, or a failure let go of it.
    if (socket.writableLength === 0 || socket.destroyed) return true;
    // Nothing, but behind the rest: a callback with every write would cost each of them a tick.
    socket.write(NOTHING, this.onWritten);
    this.isDrainOwed = true;
    return false;
  }

  /** Hands on what one read brought. */
  received(bytes: Uint8Array, count: number): void {
    if (!this.isEnding && !this.isDestroyed) this.handler?.onData(bytes, 0, count);
  }
}
