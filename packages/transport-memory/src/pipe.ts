import { ByteRing } from './byte-ring.js';

/**
 * One direction of a connection, split where a socket is split: `inFlight` plays the kernel's buffers (bytes copied,
 * the writer may reuse its memory), `held` plays what did not fit (bytes still in the writer's memory, which it must
 * not touch). Not copying the second kind is deliberate: a writer that reuses memory too early corrupts its own
 * stream here as it would on a real socket.
 */
export class Pipe {
  private readonly inFlight: ByteRing;
  private held: Uint8Array[] = [];
  private heldCount = 0;
  /** The writer has sent its last byte. */
  hasEnd = false;

  constructor(highWaterMarkBytes: number) {
    this.inFlight = new ByteRing(highWaterMarkBytes);
  }

  get inFlightBytes(): number {
    return this.inFlight.length;
  }

  get heldBytes(): number {
    return this.heldCount;
  }

  /** Takes at least one byte; returns whether the memory may be reused at once. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.heldCount === 0) start += this.inFlight.push(bytes, start, end);
    if (start === end) return true;
    this.held.push(bytes.subarray(start, end));
    this.heldCount += end - start;
    return false;
  }

  /** Moves the oldest bytes in flight to the front of `target`. */
  take(target: Uint8Array, maxBytes: number): number {
    return this.inFlight.take(target, maxBytes);
  }

  /** Lets held bytes take the room that reading has made. */
  refill(): void {
    let admitted = 0;
    for (const piece of this.held) {
      const count = this.inFlight.push(piece, 0, piece.length);
      this.heldCount -= count;
      if (count < piece.length) {
        this.held[admitted] = piece.subarray(count);
        break;
      }
      admitted++;
    }
    if (admitted > 0) this.held.splice(0, admitted);
  }

  /** Forgets what the writer still holds. */
  dropHeld(): void {
    this.held = [];
    this.heldCount = 0;
  }

  clear(): void {
    this.inFlight.clear();
    this.dropHeld();
  }
}
