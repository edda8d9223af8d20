import type { AuthProviders, Connection, ConnectionHandler, PeerInfo } from '@zk/contracts';
import { readInt32 } from '@zk/jute';
import { Client, type ClientConnection as PipelineConnection, Outbox, type OutboxHost } from '@zk/request-pipeline';
import { FrameAssembler } from './frame-assembler.js';
import type { TurnShare } from './turn-share.js';

/** What a connection asks of the server it belongs to. */
export interface ConnectionHost extends OutboxHost {
  /** Monotonic ms, read once per turn. Also makes sure that the turn is ended: see `ConnectionDesk`. */
  turnNow(): number;
  /** The first frame: the pipeline decides. */
  connect(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void;
  submit(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void;
  /** The first bytes, which may be a command. A command that is complete has been taken care of. */
  fourLetterWord(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): WordResult;
  /** Whether so much is on its way that a connection with requests of its own must wait. */
  readonly isCongested: boolean;
  /** Requests of one connection that may be on their way before it must wait. */
  readonly maxOutstanding: number;
  /** It stopped reading and wants {@link ClientConnection.goOn} when the congestion is over. */
  congested(connection: ClientConnection): void;
  /** What the requests of one connection may take of a turn. */
  readonly share: TurnShare;
  /** Whether a request of more than `LONG_FRAME_BYTES` waits for its turn. */
  mustQueue(): boolean;
  /** It stopped reading, and goes on when others have had their turn. */
  yielding(connection: ClientConnection): void;
  /** Whether requests are throttled at all; if so, each one that comes is asked about. */
  readonly isThrottling: boolean;
  /** What becomes of the request that has waited since then. One that is `refused` has been answered. */
  throttle(
    connection: ClientConnection,
    bytes: Uint8Array,
    start: number,
    waitedMs: number,
  ): 'pass' | 'wait' | 'refused';
  /** What it wrote has not left yet; {@link drained} follows when it has. */
  stalled(connection: ClientConnection): void;
  /** Everything it had written has left. */
  drained(connection: ClientConnection): void;
  /** It takes nothing more and is closed when everything has been sent. */
  closing(connection: ClientConnection): void;
  closed(connection: ClientConnection, error?: Error): void;
  /** Its outbox leaves now. */
  sending(outbox: Outbox): void;
  /** Bytes arrived. */
  received(byteCount: number): void;
  /** Frames longer than this are large ones. */
  readonly largeFrameBytes: number;
  /** Whether a large frame of this length may be received: they are limited in all. */
  mayReceiveLarge(lengthBytes: number): boolean;
  readonly maxFrameBytes: number;
  readonly maxOutputBytes: number;
}

/** Whether the first bytes of a connection are a four-letter word, or the beginning of one that takes an argument. */
export type WordResult = 'none' | 'incomplete' | 'answered';

/** What is known of a connection when it has been accepted. */
export interface AcceptedConnection {
  /** Its number among those that watch. */
  readonly watcher: number;
  /** Name of the listener it came through. */
  readonly listener: string;
  readonly wallMs: number;
}

/**
 * Output at which a connection is flushed in the middle of a turn, in bytes: replies may be far longer than requests. It
 * is also what a client that does not read can make the server keep, beyond one reply.
 */
const MID_TURN_FLUSH_BYTES = 48 * 1024;

/** What one connection may be sent in a turn before the others have theirs: a few large replies, any number of small ones. */
const TURN_OUTPUT_BYTES = 256 * 1024;

/** Requests that are longer may take long; they come one after the other, and short ones in between. */
export const LONG_FRAME_BYTES = 16 * 1024;

/** Reads that may wait for a write of their session. They are answered all at once, and each reply may be a megabyte. */
const MAX_HELD_READS = 128;

/** What it waits for when it stands in line: the turns of others, or less on its way. */
type Line = 'yielding' | 'congested';

/** How far a connection is. */
const Stage = Object.freeze({
  /** Nothing was understood yet: a four-letter word or a ConnectRequest comes. */
  fresh: 0,
  /** The session is being created; bytes wait. */
  connecting: 1,
  /** Requests come. */
  established: 2,
  /** What still comes is ignored. */
  closing: 3,
});

/** One accepted connection: frames in, one write per turn out. */
export class ClientConnection implements ConnectionHandler, PipelineConnection {
  readonly client: Client;
  readonly peer: PeerInfo;
  /** Name of the listener it came through. */
  readonly listener: string;
  /** Wall-clock ms, for `cons`. */
  readonly establishedWallMs: number;
  private stage: number = Stage.fresh;
  private readonly waiting = new FrameAssembler();
  private isPaused = false;
  /** Whether the host has it in line, and will let it go on. */
  private isInLine = false;
  /** When the first of the waiting bytes began to wait, in monotonic ms. */
  private waitingSinceMs = 0;
  private keptLastMs = 0;
  private closesAfterFlush = false;
  /** What was flushed in the middle of the turn. */
  private sentEarlyBytes = 0;
  /** A buffer that the transport still reads from. */
  private leaving: Uint8Array | null = null;
  isGone = false;
  /** Whether it ended without our doing. */
  wasDropped = false;

  constructor(
    readonly host: ConnectionHost,
    readonly transport: Connection,
    { watcher, listener, wallMs }: AcceptedConnection,
    providers: AuthProviders,
  ) {
    this.listener = listener;
    this.establishedWallMs = wallMs;
    const { remoteAddress, certificateSubject } = transport;
    this.peer = { remoteAddress, ...(certificateSubject === undefined ? {} : { certificateSubject }) };
    this.client = new Client(watcher, new Outbox(host, this), this, providers.initialIds(this.peer));
  }

  private get isClosing(): boolean {
    return this.stage === Stage.closing;
  }

  // ---- ConnectionHandler

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.host.turnNow();
    this.host.received(end - start);
    if (this.isClosing) return;
    if (!this.waiting.isEmpty || this.isPaused || this.stage === Stage.connecting) {
      this.keep(bytes, start, end);
      this.useWaiting();
      // A session may take long to create; what is sent behind the ConnectRequest must not pile up meanwhile.
      if (this.stage === Stage.connecting && this.waiting.sizeBytes > this.host.maxFrameBytes) this.pause();
      return;
    }
    const used = this.use(bytes, start, end, 0);
    if (used < end) this.keep(bytes, used, end);
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    this.keptLastMs = this.host.turnNow();
    if (this.waiting.isEmpty) this.waitingSinceMs = this.keptLastMs;
    this.waiting.append(bytes, start, end);
  }

  onDrain(): void {
    if (this.leaving !== null) {
      this.host.giveBack(this.leaving);
      this.leaving = null;
    }
    this.host.drained(this);
  }

  onClose(error?: Error): void {
    if (!this.isClosing) this.wasDropped = true;
    this.stage = Stage.closing;
    this.isGone = true;
    this.waiting.clear();
    if (this.leaving !== null) this.host.giveBack(this.leaving);
    this.leaving = null;
    this.host.closed(this, error);
  }

  // ---- PipelineConnection

  closeAfterFlush(): void {
    this.closesAfterFlush = true;
    this.stage = Stage.closing;
    this.waiting.clear();
    this.host.closing(this);
    // Makes sure that there is a flush, also when there is nothing to send.
    this.host.turnNow();
    this.client.outbox.reserve(0);
  }

  closeNow(): void {
    this.stage = Stage.closing;
    this.waiting.clear();
    this.transport.destroy();
  }

  established(): void {
    this.stage = Stage.established;
    if (!this.waiting.isEmpty) this.standInLine('congested');
  }

  /** Answers a four-letter word and closes; without an answer when there is none to be had. */
  answerInPlainText(answer: () => Promise<Uint8Array>): void {
    this.stage = Stage.closing;
    // Many who ask close their half at once (`nc -N`, Apache's FourLetterWordMain), and this end would close too when it
    // reads that: before an answer that takes a look at the disk. Ending reads on.
    this.transport.pauseReading();
    answer().then(
      (bytes) => {
        if (this.isGone) return;
        const { outbox } = this.client;
        outbox.append(bytes, 0, bytes.length);
        outbox.framesWritten++;
        this.closeAfterFlush();
      },
      () => this.closeNow(),
    );
  }

  // ---- for the server

  /** What the connection waits for, in Apache's bits: 1 to read, 4 to write. Nothing, once it is to be closed. */
  get interestOps(): number {
    if (this.isClosing) return 0;
    return (this.isPaused ? 0 : 1) | (this.leaving === null ? 0 : 4);
  }

  /** The turn ends: whatever it brought is sent. */
  endTurn(): void {
    this.sentEarlyBytes = 0;
    this.flush();
  }

  /** Sends what has collected. One write; a buffer the transport has not finished with is left to it. */
  flush(): void {
    const { outbox } = this.client;
    if (this.isGone) {
      outbox.clear();
      return;
    }
    if (this.leaving !== null) return;
    const { length } = outbox;
    if (length > 0) {
      this.host.sending(outbox);
      if (this.transport.write(outbox.bytes, 0, length)) outbox.clear();
      else this.leaving = outbox.detach();
    } else {
      outbox.clear();
    }
    if (this.leaving !== null) {
      this.pause();
      this.host.stalled(this);
    }
    if (this.closesAfterFlush) this.transport.end();
  }

  /** Closes it when what waits behind the bytes that have not left is too much: events, replies to earlier writes. */
  limitOutput(): void {
    if (this.client.outbox.length > this.host.maxOutputBytes) this.closeNow();
  }

  /** Whether it has so much on its way that its next request must wait. */
  get isOverloaded(): boolean {
    const { client, host } = this;
    return (
      client.outstanding > host.maxOutstanding ||
      client.held.count > MAX_HELD_READS ||
      client.held.sizeBytes > host.maxFrameBytes
    );
  }

  /** Its turn in the line has come. */
  goOn(): void {
    this.isInLine = false;
    this.resume();
  }

  /** Reads again after a full output; whoever stands in line waits for his turn all the same. */
  resume(): void {
    if (this.isClosing || this.leaving !== null || this.isInLine) return;
    const wasPaused = this.isPaused;
    this.isPaused = false;
    this.useWaiting();
    if (wasPaused && !this.isPaused) this.transport.resumeReading();
  }

  /** Stops reading for good; used when the server stops. */
  stopReading(): void {
    this.stage = Stage.closing;
    this.transport.pauseReading();
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.transport.pauseReading();
  }

  private useWaiting(): void {
    if (this.isPaused || this.stage === Stage.connecting) return;
    const waitedMs = this.host.turnNow() - this.waitingSinceMs;
    const before = this.waiting.sizeBytes;
    this.waiting.drain((bytes, start, end) => this.use(bytes, start, end, waitedMs));
    // What is left came no earlier than the rest, and perhaps with the last that came.
    if (this.waiting.sizeBytes < before) this.waitingSinceMs = this.keptLastMs;
  }

  /**
   * Uses whole frames; returns how far it got. What each request passes stands here, and only the rare cases are functions:
   * calls that are not inlined cost a twentieth of a small read.
   */
  private use(bytes: Uint8Array, start: number, end: number, waitedMs: number): number {
    const { host, client } = this;
    let at = start;
    let isFirst = true;
    while (end - at >= 4) {
      if (this.stage === Stage.fresh) {
        const word = host.fourLetterWord(this, bytes, at, end);
        if (word !== 'none') return word === 'answered' ? end : at;
      }
      const length = readInt32(bytes, at);
      const isTooLong = length < 0 || length > host.maxFrameBytes;
      if (isTooLong || (length > host.largeFrameBytes && !host.mayReceiveLarge(length))) {
        this.closeNow();
        return end;
      }
      const frameStart = at + 4;
      const frameEnd = frameStart + length;
      if (frameEnd > end) return at;
      if (length > LONG_FRAME_BYTES && host.mustQueue()) return this.yieldAt(at);
      if (this.stage === Stage.established && !host.isThrottling) host.submit(this, bytes, frameStart, frameEnd);
      else if (!this.handle(bytes, frameStart, frameEnd, waitedMs)) return this.waitAt(at);
      at = frameEnd;
      if (this.isClosing) return end;
      if (this.stage === Stage.connecting) return at;
      if (client.outstanding > 0 && (host.isCongested || this.isOverloaded)) return this.waitAt(at);
      if (client.outbox.length > MID_TURN_FLUSH_BYTES && !this.flushMidTurn()) return at;
      if (at === end) return at;
      if (isFirst) host.share.begin();
      else if (host.share.isSpent()) return this.yieldAt(at);
      isFirst = false;
    }
    return at;
  }

  /** Hands over a ConnectRequest, or a request that may be throttled; false when it must wait, and come again. */
  private handle(bytes: Uint8Array, start: number, end: number, waitedMs: number): boolean {
    const { host } = this;
    if (this.stage !== Stage.established) {
      this.stage = Stage.connecting;
      host.connect(this, bytes, start, end);
      return true;
    }
    // What is too short for a header is refused further on.
    if (host.isThrottling && end - start >= 8) {
      const verdict = host.throttle(this, bytes, start, waitedMs);
      if (verdict !== 'pass') return verdict === 'refused';
    }
    host.submit(this, bytes, start, end);
    return true;
  }

  /** Sends what has collected before the turn ends; false when nothing more is read for now. */
  private flushMidTurn(): boolean {
    this.sentEarlyBytes += this.client.outbox.length;
    this.flush();
    if (this.isPaused || this.isClosing) return false;
    if (this.sentEarlyBytes <= TURN_OUTPUT_BYTES) return true;
    this.pauseInLine('yielding');
    return false;
  }

  /** Stops at `at`, until the others have had their turn. */
  private yieldAt(at: number): number {
    this.pauseInLine('yielding');
    return at;
  }

  /** Stops at `at`, until the server has less on its way. */
  private waitAt(at: number): number {
    this.pauseInLine('congested');
    return at;
  }

  private pauseInLine(line: Line): void {
    this.pause();
    this.standInLine(line);
  }

  /** Once: several things may make it wait at the same time. */
  private standInLine(line: Line): void {
    if (this.isInLine) return;
    this.isInLine = true;
    this.host[line](this);
  }
}
