import { SocketConnection } from './socket-connection.js';

/** A socket of TCP itself: the kernel takes what is written within the call, as a rule. */
export class TcpConnection extends SocketConnection {
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const { socket } = this;
    if (this.isEnding || this.isDestroyed || start >= end) return this.bufferedBytes === 0;
    socket.write(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start), this.onWritten);
    // The kernel took everything within the call, as it nearly always does, or a failure let go of it.
    if (socket.writableLength === 0 || socket.destroyed) return true;
    this.isDrainOwed = true;
    return false;
  }

  /** Hands on what one read brought. */
  received(bytes: Uint8Array, count: number): void {
    if (!this.isEnding && !this.isDestroyed) this.handler?.onData(bytes, 0, count);
  }
}
