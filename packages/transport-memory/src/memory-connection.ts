import type { Connection, ConnectionHandler, RandomSource } from '@zk/contracts';
import { Addressed, type Endpoint } from './addressed.js';
import { Pipe } from './pipe.js';
import { socketError } from './socket-error.js';

/** What the two ends of every connection share. */
export interface Medium {
  readonly highWaterMarkBytes: number;
  readonly chunking: { readonly random: RandomSource; readonly maxBytes: number } | undefined;
  /** Every delivery of every connection passes through here: deliveries never overlap. */
  readonly readBuffer: Uint8Array;
  later(callback: () => void): void;
  forget(connection: MemoryConnection): void;
}

/** What bytes look like after `onData` has returned, so that a view kept too long is noticed. */
const SCRIBBLE = 0xdb;

/**
 * One end of a connection. The two ends know each other; all that one causes at the other happens in a later turn,
 * in an event of its own, which is what keeps calls of the handler outside calls of the connection.
 *
 * Life: open, then ending (nothing more is written, what arrives is discarded, what was written still leaves), then
 * closed, and one turn after that `onClose`.
 */
export class MemoryConnection extends Addressed implements Connection {
  private readonly incoming: Pipe;
  private handler: ConnectionHandler | undefined;
  private other: MemoryConnection | undefined;
  private isPaused = false;
  private isStalled = false;
  private isEnding = false;
  private isClosed = false;
  private isDrainOwed = false;
  private isWakeScheduled = false;
  private isEndSeen = false;

  constructor(
    private readonly medium: Medium,
    local: Endpoint,
    remote: Endpoint,
  ) {
    super(local, remote);
    this.incoming = new Pipe(medium.highWaterMarkBytes);
  }

  get bufferedBytes(): number {
    return this.isClosed ? 0 : this.peer.incoming.heldBytes;
  }

  private get peer(): MemoryConnection {
    if (!this.other) throw new Error('one end of a connection was used before it was paired with the other');
    return this.other;
  }

  /** Joins two fresh ends. */
  static pair(one: MemoryConnection, other: MemoryConnection): void {
    one.other = other;
    other.other = one;
  }

  attach(handler: ConnectionHandler): void {
    this.handler = handler;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isEnding || this.isClosed || this.peer.isClosed || start >= end) return this.bufferedBytes === 0;
    const isTaken = this.peer.incoming.write(bytes, start, end);
    if (!isTaken) this.isDrainOwed = true;
    this.peer.wake();
    return isTaken;
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.wake();
  }

  end(): void {
    if (this.isEnding || this.isClosed) return;
    this.isEnding = true;
    this.peer.incoming.hasEnd = true;
    this.peer.wake();
    this.wake();
    this.medium.later(() => this.closeIfDone());
  }

  destroy(): void {
    if (this.isClosed) return;
    const hasUnreadBytes = !this.isEnding && this.incoming.inFlightBytes > 0;
    const isPeerWaiting = this.incoming.heldBytes > 0;
    const { peer } = this;
    this.close();
    // As on a socket: closing over bytes that nobody read resets the connection, otherwise the other end sees an end.
    if (hasUnreadBytes || isPeerWaiting) {
      peer.close(socketError('ECONNRESET', 'read'));
      return;
    }
    peer.incoming.dropHeld();
    peer.incoming.hasEnd = true;
    peer.wake();
  }

  /** Breaks the connection at this end, as a reset from the network does. */
  reset(): void {
    this.close(socketError('ECONNRESET', 'read'));
  }

  /** Keeps what was sent to this end from arriving, until released. */
  setStalled(isStalled: boolean): void {
    this.isStalled = isStalled;
    if (!isStalled) this.wake();
  }

  private wake(): void {
    if (this.isWakeScheduled || this.isClosed) return;
    this.isWakeScheduled = true;
    this.medium.later(() => {
      this.isWakeScheduled = false;
      this.deliver();
    });
  }

  private get isReading(): boolean {
    return !this.isClosed && !this.isStalled && (this.isEnding || !this.isPaused);
  }

  /** One turn's worth: what was in flight when the turn began, in one or more pieces. */
  private deliver(): void {
    const { incoming, medium } = this;
    let budgetBytes = incoming.inFlightBytes;
    while (budgetBytes > 0 && this.isReading) {
      const count = incoming.take(medium.readBuffer, Math.min(this.nextPieceBytes(), budgetBytes));
      budgetBytes -= count;
      if (!this.isEnding) this.handler?.onData(medium.readBuffer, 0, count);
      medium.readBuffer.fill(SCRIBBLE, 0, count);
    }
    if (this.isClosed) return;
    if (incoming.heldBytes > 0) {
      incoming.refill();
      if (incoming.heldBytes === 0) this.peer.heldBytesHaveLeft();
    }
    if (this.isEnding) this.closeIfDone();
    if (!this.isReading) return;
    if (incoming.inFlightBytes > 0) this.wake();
    else if (incoming.hasEnd && !this.isEndSeen) this.seeEnd();
  }

  private nextPieceBytes(): number {
    const { chunking, readBuffer } = this.medium;
    if (!chunking) return readBuffer.length;
    return 1 + Math.floor(chunking.random.next() * chunking.maxBytes);
  }

  /** Replies to the last bytes are written at the end of the turn that brought them, so this end closes one later. */
  private seeEnd(): void {
    this.isEndSeen = true;
    this.medium.later(() => this.end());
  }

  private heldBytesHaveLeft(): void {
    this.medium.later(() => {
      if (this.isClosed || this.bufferedBytes > 0) return;
      if (this.isDrainOwed) {
        this.isDrainOwed = false;
        this.handler?.onDrain();
      }
      if (this.isEnding) this.closeIfDone();
    });
  }

  /** Waits for `onDrain`, and for the other end's held bytes too: closing over them would look like a reset there. */
  private closeIfDone(): void {
    if (this.bufferedBytes === 0 && !this.isDrainOwed && this.incoming.heldBytes === 0) this.close();
  }

  private close(error?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.incoming.clear();
    this.medium.later(() => {
      this.medium.forget(this);
      const { handler } = this;
      this.handler = undefined;
      handler?.onClose(error);
    });
  }
}
