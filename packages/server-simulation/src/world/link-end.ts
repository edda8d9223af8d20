import type { Connection, ConnectionHandler } from '@zk/contracts';
import { Addressed, type Endpoint, socketError } from '@zk/transport-memory';
import type { Lane } from './lane.js';
import type { Life } from './life.js';
import type { Medium } from './medium.js';

/** One side of a connection: which process on which machine. */
export interface LinkEndpoint extends Endpoint {
  readonly life: Life;
}

/** The parts of a connection that one end works with. */
export interface LinkEndParts {
  readonly medium: Medium;
  readonly outgoing: Lane;
  readonly incoming: Lane;
  /** There is room again in `incoming`. */
  readonly onRoom: () => void;
  readonly onClosed: () => void;
}

/** Chance that a connection which is closed at once ends for the other end in a reset. */
const RESET_CHANCE = 0.3;
/** What bytes look like after `onData` has returned, so that a view kept too long is noticed. */
const SCRIBBLE = 0xdb;

/**
 * One end of a connection, as its process sees it. Life: open, then ending (nothing more is written, what arrives is
 * discarded, what was written still leaves), then closed.
 */
export class LinkEnd extends Addressed<LinkEndpoint> implements Connection {
  isClosed = false;
  /** It was closed without waiting for what is on its way to it: nobody will ever take that. */
  hasLeft = false;
  private isEnding = false;
  private isPaused = false;
  private isDrainOwed = false;
  /** The machine has no power: it takes nothing. */
  private isUnpowered = false;
  private handler: ConnectionHandler | undefined;

  constructor(
    private readonly parts: LinkEndParts,
    local: LinkEndpoint,
    remote: LinkEndpoint,
  ) {
    super(local, remote);
  }

  get bufferedBytes(): number {
    return this.isClosed ? 0 : this.parts.outgoing.heldBytes;
  }

  attach(handler: ConnectionHandler): void {
    this.handler = handler;
    this.local.life.in(0, () => this.readOn());
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isClosed || this.isEnding || start >= end) return this.bufferedBytes === 0;
    const isTaken = this.parts.outgoing.write(bytes, start, end);
    if (!isTaken) this.isDrainOwed = true;
    return isTaken;
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.local.life.in(0, () => this.readOn());
  }

  end(): void {
    if (this.isClosed || this.isEnding) return;
    this.isEnding = true;
    this.local.life.in(0, () => this.readOn());
    this.closeIfDone();
  }

  destroy(): void {
    if (this.isClosed) return;
    const { medium, incoming, outgoing } = this.parts;
    // As on a socket: closing over bytes that nobody read resets the connection.
    const isReset = (!this.isEnding && incoming.arrivedBytes > 0) || medium.random.chance(RESET_CHANCE);
    if (isReset) outgoing.drop();
    outgoing.finish(isReset ? 'reset' : 'end');
    this.hasLeft = true;
    this.close();
  }

  // What happens to it

  /** The connection broke somewhere. */
  broken(): void {
    this.parts.outgoing.break();
    this.local.life.in(this.parts.medium.delayMs(), () => this.reset());
  }

  /** The process of this end is gone, and with its machine if it is silent. */
  vanish(isSilent: boolean): void {
    if (this.isClosed) return;
    const { incoming, outgoing, onClosed } = this.parts;
    this.isClosed = true;
    this.hasLeft = true;
    this.handler = undefined;
    this.isUnpowered = isSilent;
    if (isSilent) outgoing.break();
    else {
      outgoing.finish(incoming.arrivedBytes > 0 ? 'reset' : 'end');
      this.discard();
    }
    onClosed();
  }

  /** Something has reached this machine. */
  arrived(): void {
    if (this.isUnpowered) return;
    if (this.isClosed) this.discard();
    else this.local.life.happens(() => this.readOn());
  }

  /** The other end has read. */
  hasRoom(): void {
    if (this.isClosed) return;
    this.parts.outgoing.refill();
    if (this.bufferedBytes > 0) return;
    if (this.isDrainOwed) {
      this.isDrainOwed = false;
      this.handler?.onDrain();
    }
    if (this.isEnding) this.closeIfDone();
  }

  /** The other end has left, and what was held back for it got the answer that nobody is there. */
  refused(): void {
    if (!this.isClosed && this.bufferedBytes > 0) this.reset();
    else this.hasRoom();
  }

  private get isReading(): boolean {
    return !this.isClosed && (this.isEnding || (!this.isPaused && this.handler !== undefined));
  }

  private readOn(): void {
    const { incoming, medium } = this.parts;
    const { readBuffer } = medium;
    while (this.isReading && incoming.arrivedBytes > 0) {
      const count = incoming.take(readBuffer);
      if (!this.isEnding) this.handler?.onData(readBuffer, 0, count);
      readBuffer.fill(SCRIBBLE, 0, count);
    }
    this.parts.onRoom();
    if (!this.isReading || incoming.ending === undefined) return;
    if (incoming.ending === 'reset') this.reset();
    // Replies to the last bytes are written at the end of the turn that brought them.
    else this.local.life.atTurnEnd(() => this.end());
  }

  private discard(): void {
    const { incoming, medium, onRoom } = this.parts;
    while (incoming.arrivedBytes > 0) incoming.take(medium.readBuffer);
    onRoom();
  }

  private closeIfDone(): void {
    if (this.isClosed || this.bufferedBytes > 0 || this.isDrainOwed) return;
    this.parts.outgoing.finish('end');
    this.close();
  }

  private reset(): void {
    this.close(socketError('ECONNRESET', 'read'));
  }

  private close(error?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.discard();
    this.parts.onClosed();
    this.local.life.atTurnEnd(() => {
      this.handler?.onClose(error);
      this.handler = undefined;
    });
  }
}
