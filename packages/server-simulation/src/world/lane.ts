import { Pipe } from '@zk/transport-memory';
import type { Medium } from './medium.js';

/** How a connection ends for the one who reads. */
export type Ending = 'end' | 'reset';

/** Chance that what was written together arrives in two pieces. */
const SPLIT_CHANCE = 0.05;

/** What a lane needs to know of its two ends. */
export interface LaneEnds {
  /** Whether nothing gets through at present. */
  readonly isBlocked: () => boolean;
  /** Something has reached the reader's machine. */
  readonly onArrival: () => void;
}

/**
 * One direction of a connection: bytes in order, in pieces of which each has a delay of its own. There is room for so many
 * bytes that have left and that nobody has read; the others stay in the writer's memory.
 */
export class Lane {
  /** Bytes that are here and that nobody has read. */
  arrivedBytes = 0;
  /** Has arrived, behind all bytes. */
  ending: Ending | undefined;
  private readonly pipe: Pipe;
  /** On its way: sizes of pieces, and the end. */
  private readonly transit: (number | Ending)[] = [];
  /** How many of those have arrived at a partition. */
  private stopped = 0;
  private isBroken = false;
  private arrivesMs = 0;

  constructor(
    private readonly medium: Medium,
    roomBytes: number,
    private readonly ends: LaneEnds,
  ) {
    this.pipe = new Pipe(roomBytes);
  }

  /** Bytes that are still in the writer's memory. */
  get heldBytes(): number {
    return this.pipe.heldBytes;
  }

  get isHoldingBack(): boolean {
    return this.stopped > 0;
  }

  /** Returns whether the writer may reuse its memory. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const before = this.pipe.inFlightBytes;
    const isTaken = this.pipe.write(bytes, start, end);
    this.depart(this.pipe.inFlightBytes - before);
    return isTaken;
  }

  /** Lets what the writer holds take the room that reading has made. */
  refill(): void {
    const before = this.pipe.inFlightBytes;
    this.pipe.refill();
    this.depart(this.pipe.inFlightBytes - before);
  }

  /** Moves what has arrived to the front of `target`, as far as it fits; returns how many bytes. */
  take(target: Uint8Array): number {
    const count = this.pipe.take(target, this.arrivedBytes);
    this.arrivedBytes -= count;
    return count;
  }

  /** Sends word of the end behind everything that is on its way. */
  finish(ending: Ending): void {
    this.pipe.dropHeld();
    this.send(ending);
  }

  /** What has not arrived is lost. */
  drop(): void {
    this.pipe.dropHeld();
    this.transit.length = 0;
    this.stopped = 0;
  }

  /** What has not arrived is lost, and nothing arrives any more. */
  break(): void {
    this.drop();
    this.isBroken = true;
  }

  /** What a partition has stopped is on its way again. */
  release(): void {
    for (; this.stopped > 0; this.stopped--) this.schedule();
  }

  private depart(count: number): void {
    if (count === 0) return;
    const { random } = this.medium;
    const first = count > 1 && random.chance(SPLIT_CHANCE) ? random.between(1, count - 1) : count;
    this.send(first);
    if (first < count) this.send(count - first);
  }

  private send(piece: number | Ending): void {
    if (this.isBroken) return;
    this.transit.push(piece);
    this.schedule();
  }

  private schedule(): void {
    const { agenda } = this.medium;
    this.arrivesMs = Math.max(this.arrivesMs, agenda.nowMs + this.medium.delayMs());
    agenda.at(this.arrivesMs, () => this.arrive());
  }

  private arrive(): void {
    if (this.transit.length <= this.stopped) return;
    if (this.ends.isBlocked()) {
      this.stopped++;
      return;
    }
    const piece = this.transit.shift()!;
    if (typeof piece === 'number') this.arrivedBytes += piece;
    else this.ending = piece;
    this.ends.onArrival();
  }
}
