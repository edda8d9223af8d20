import { type Connection, type ConnectionHandler, WrappingConnection } from '@zk/contracts';
import { Conversation, type Judge } from './conversation.js';
import type { HeaderScanner } from './header-scanner.js';
import { HeldBytes } from './held-bytes.js';

/** Which way bytes are held back. One way only is a half-open connection: one end believes that all is well. */
export type Direction = 'both' | 'toServer' | 'toClient';

/** Held bytes above which the writer feels it. */
const HIGH_WATER_MARK_BYTES = 65_536;

/** What a connection needs of the transport that made it. */
export interface FaultHost extends Judge {
  later(callback: () => void): void;
  forget(connection: FaultyConnection): void;
}

/**
 * One end of a connection, with a hand on the wire: what comes in and what goes out passes here and can be held, lost or
 * cut off. While nothing is wrong bytes are neither copied nor delayed.
 *
 * A stalled direction swallows everything, the end of the connection included: an end that closes is closed for its own
 * handler, and the other one does not hear of it before the release. That is how a network that drops packets looks.
 */
export class FaultyConnection extends WrappingConnection implements Connection {
  readonly conversation: Conversation;
  /** To be given to the transport below. */
  readonly heard: ConnectionHandler;
  private handler: ConnectionHandler | undefined;
  private readonly incoming = new HeldBytes();
  private readonly outgoing = new HeldBytes();
  private readonly incomingScanner: HeaderScanner;
  private readonly outgoingScanner: HeaderScanner;
  /** The handler wants no data at the moment. */
  private isPaused = false;
  private isInnerPaused = false;
  /** The transport below holds memory of a write. */
  private isInnerHolding = false;
  private isInnerClosed = false;
  private isDrainOwed = false;
  /** `end` or `destroy` was called, or a fault has broken the connection: nothing more goes out or is delivered. */
  private isEnding = false;
  private isFinished = false;
  private withheldClose: { readonly error: Error | undefined } | undefined;
  private faultError: Error | undefined;

  constructor(
    inner: Connection,
    /** Which end this is. */
    private readonly side: 'client' | 'server',
    private readonly host: FaultHost,
  ) {
    super(inner);
    this.conversation = new Conversation(host, side === 'server' ? inner.localPort : inner.remotePort);
    const { requests, replies } = this.conversation;
    this.incomingScanner = side === 'server' ? requests : replies;
    this.outgoingScanner = side === 'server' ? replies : requests;
    this.heard = {
      onData: (bytes, start, end) => this.receive(bytes, start, end),
      onDrain: () => this.innerDrained(),
      onClose: (error) => this.innerClosed(error),
    };
  }

  attach(handler: ConnectionHandler): void {
    this.handler = handler;
  }

  // ---- Connection

  get bufferedBytes(): number {
    return this.isFinished ? 0 : this.inner.bufferedBytes + this.outgoing.sizeBytes;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isEnding || this.isFinished || start >= end) return this.bufferedBytes === 0;
    for (let at = start; at < end;) {
      const hit = this.outgoingScanner.scan(bytes, at, end);
      this.send(bytes, start, hit?.at ?? end);
      if (hit === undefined) break;
      start = hit.at;
      at = hit.next;
      if (hit.verdict === 'drop') {
        this.breakOutgoing();
        break;
      }
      this.outgoing.isStalled = true;
      if (hit.next === end) this.send(bytes, start, end);
    }
    if (!this.isInnerHolding && this.outgoing.sizeBytes <= HIGH_WATER_MARK_BYTES) return true;
    this.isDrainOwed = true;
    return false;
  }

  pauseReading(): void {
    if (this.isEnding) return;
    this.isPaused = true;
    this.pauseInner();
  }

  resumeReading(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.continueIncoming();
  }

  end(): void {
    if (this.isEnding || this.isFinished) return;
    this.close(() => this.inner.end());
  }

  destroy(): void {
    if (this.isFinished) return;
    this.outgoing.ending = undefined;
    if (this.outgoing.isStalled) {
      this.close(() => this.inner.destroy());
      this.host.later(() => this.finish(this.faultError));
      return;
    }
    this.outgoing.clear();
    this.close(() => this.inner.destroy());
  }

  // ---- faults

  stall(direction: Direction): void {
    for (const held of this.lanes(direction)) held.isStalled = true;
  }

  release(direction: Direction): void {
    for (const held of this.lanes(direction)) {
      if (!held.isStalled) continue;
      held.isStalled = false;
      if (held === this.incoming) this.continueIncoming();
      else this.host.later(() => this.flushOutgoing());
    }
  }

  /** Breaks the connection for both ends, stalled or not; what is held is lost. */
  cut(): void {
    this.faultError ??= resetError();
    this.incoming.isStalled = this.outgoing.isStalled = false;
    this.incoming.clear();
    this.outgoing.clear();
    this.isEnding = true;
    if (this.isInnerClosed) this.host.later(() => this.finish(this.faultError));
    else this.inner.destroy();
  }

  // ---- outgoing

  private send(bytes: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    if (this.outgoing.isHolding) this.outgoing.push(bytes, start, end);
    else if (!this.inner.write(bytes, start, end)) this.isInnerHolding = true;
  }

  /** What was written before the lost frame still arrives. */
  private breakOutgoing(): void {
    this.faultError ??= resetError();
    this.close(() => this.inner.end());
  }

  /** Closes the connection below once everything has been passed on to it; nothing is delivered any more. */
  private close(closeInner: () => void): void {
    this.isEnding = true;
    this.incoming.clear();
    if (this.withheldClose !== undefined) {
      this.host.later(() => this.finish(this.faultError));
    } else if (this.outgoing.isHolding) {
      this.outgoing.ending = closeInner;
    } else {
      closeInner();
    }
  }

  private flushOutgoing(): void {
    const { outgoing } = this;
    if (outgoing.isStalled || this.isInnerClosed) return;
    for (let piece = outgoing.shift(); piece !== undefined; piece = outgoing.shift()) {
      if (!this.inner.write(piece, 0, piece.length)) this.isInnerHolding = true;
    }
    outgoing.ending?.();
    outgoing.ending = undefined;
    this.drainIfOwed();
  }

  private innerDrained(): void {
    this.isInnerHolding = false;
    this.drainIfOwed();
  }

  private drainIfOwed(): void {
    if (!this.isDrainOwed || this.isInnerHolding || this.outgoing.sizeBytes > 0 || this.isFinished) return;
    this.isDrainOwed = false;
    this.handler?.onDrain();
  }

  // ---- incoming

  private receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.isEnding || this.isFinished) return;
    for (let at = start; at < end;) {
      const hit = this.incomingScanner.scan(bytes, at, end);
      this.deliver(bytes, start, hit?.at ?? end);
      if (hit === undefined || this.isEnding) return;
      start = hit.at;
      at = hit.next;
      if (hit.verdict === 'drop') {
        this.breakIncoming();
        return;
      }
      this.incoming.isStalled = true;
      if (hit.next === end) this.deliver(bytes, start, end);
    }
  }

  private deliver(bytes: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    if (this.incoming.isHolding || this.isPaused) {
      this.incoming.push(bytes, start, end);
      if (this.incoming.sizeBytes > HIGH_WATER_MARK_BYTES) this.pauseInner();
    } else {
      this.handler?.onData(bytes, start, end);
    }
  }

  private breakIncoming(): void {
    if (this.incoming.isHolding) this.incoming.ending = () => this.cut();
    else this.cut();
  }

  private continueIncoming(): void {
    if (this.incoming.isHolding || this.withheldClose !== undefined) this.host.later(() => this.flushIncoming());
    else this.resumeInner();
  }

  private flushIncoming(): void {
    const { incoming } = this;
    while (!incoming.isStalled && !this.isPaused && !this.isEnding) {
      const piece = incoming.shift();
      if (piece === undefined) break;
      this.handler?.onData(piece, 0, piece.length);
    }
    if (incoming.isHolding || this.isPaused || this.isEnding) return;
    if (incoming.ending !== undefined) incoming.ending();
    else if (this.withheldClose !== undefined) this.finish(this.withheldClose.error);
    else this.resumeInner();
  }

  private pauseInner(): void {
    if (this.isInnerPaused) return;
    this.isInnerPaused = true;
    this.inner.pauseReading();
  }

  private resumeInner(): void {
    if (!this.isInnerPaused || this.isPaused) return;
    this.isInnerPaused = false;
    this.inner.resumeReading();
  }

  // ---- the end

  private innerClosed(error: Error | undefined): void {
    this.isInnerClosed = true;
    const isOurDoing = this.isEnding || this.faultError !== undefined;
    if (!isOurDoing && this.incoming.isHolding) this.withheldClose = { error };
    else this.finish(this.faultError ?? error);
  }

  private finish(error: Error | undefined): void {
    if (this.isInnerClosed) this.host.forget(this);
    if (this.isFinished) return;
    this.isFinished = true;
    const { handler } = this;
    this.handler = undefined;
    handler?.onClose(error);
  }

  private lanes(direction: Direction): readonly HeldBytes[] {
    if (direction === 'both') return [this.incoming, this.outgoing];
    return [(direction === 'toServer') === (this.side === 'server') ? this.incoming : this.outgoing];
  }
}

function resetError(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
}
