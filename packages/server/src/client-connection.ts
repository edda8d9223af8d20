import type { AuthProviders, Connection, ConnectionHandler, PeerInfo } from '@zk/contracts';
import { readInt32 } from '@zk/jute';
import { Client, type ClientConnection as PipelineConnection, Outbox } from '@zk/request-pipeline';
import { FrameAssembler } from './frame-assembler.js';

/** What a connection asks of the server it belongs to. */
export interface ConnectionHost {
  /** Monotonic ms, read once per turn. Also makes sure that the turn is ended: see `TurnLoop`. */
  turnNow(): number;
  /** The first frame: the pipeline decides. */
  connect(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void;
  submit(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void;
  /** The first four bytes, when they may be a command. True when they were, and the connection is taken care of. */
  fourLetterWord(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): boolean;
  /** Whether so much is on its way that a connection with requests of its own must wait. */
  readonly isCongested: boolean;
  /** It stopped reading and wants {@link ClientConnection.resume} when the congestion is over. */
  congested(connection: ClientConnection): void;
  /** Everything it had written has left. */
  drained(connection: ClientConnection): void;
  closed(connection: ClientConnection, error?: Error): void;
  /** Returns an output buffer. */
  giveBack(buffer: Uint8Array): void;
  /** Whether a frame of this length may be received: large ones are limited in all. */
  mayReceive(lengthBytes: number): boolean;
  readonly maxFrameBytes: number;
  readonly maxOutputBytes: number;
}

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
  private stage: number = Stage.fresh;
  private readonly waiting = new FrameAssembler();
  private isPaused = false;
  private closesAfterFlush = false;
  /** A buffer that the transport still reads from. */
  private leaving: Uint8Array | null = null;
  isGone = false;

  constructor(
    readonly host: ConnectionHost,
    readonly transport: Connection,
    watcher: number,
    outboxHost: ConstructorParameters<typeof Outbox>[0],
    providers: AuthProviders,
    /** Wall-clock ms, for `cons`. */
    readonly establishedWallMs: number,
    readonly acceptedMs: number,
  ) {
    this.peer = { remoteAddress: transport.remoteAddress };
    this.client = new Client(watcher, new Outbox(outboxHost, this), this, providers.initialIds(this.peer));
  }

  private get isClosing(): boolean {
    return this.stage === Stage.closing;
  }

  // ---- ConnectionHandler

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.host.turnNow();
    if (this.stage === Stage.closing) return;
    if (!this.waiting.isEmpty || this.isPaused || this.stage === Stage.connecting) {
      this.waiting.append(bytes, start, end);
      this.useWaiting();
      return;
    }
    const used = this.use(bytes, start, end);
    if (used < end) this.waiting.append(bytes, used, end);
  }

  onDrain(): void {
    if (this.leaving !== null) {
      this.host.giveBack(this.leaving);
      this.leaving = null;
    }
    this.host.drained(this);
  }

  onClose(error?: Error): void {
    this.stage = Stage.closing;
    this.isGone = true;
    this.waiting.clear();
    this.leaving = null;
    this.host.closed(this, error);
  }

  // ---- PipelineConnection

  closeAfterFlush(): void {
    this.closesAfterFlush = true;
    this.stage = Stage.closing;
    this.waiting.clear();
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
    if (!this.waiting.isEmpty) this.host.congested(this);
  }

  /** Answers a four-letter word and closes. */
  answerInPlainText(text: Promise<Uint8Array>): void {
    this.stage = Stage.closing;
    void text.then((bytes) => {
      this.client.outbox.append(bytes, 0, bytes.length);
      this.closeAfterFlush();
    });
  }

  // ---- for the server

  /** What the connection waits for, in Apache's bits: 1 to read, 4 to write. */
  get interestOps(): number {
    return (this.isPaused ? 0 : 1) | (this.leaving === null ? 0 : 4);
  }

  /** Sends what has collected. One write; a buffer the transport has not finished with is left to it. */
  flush(): void {
    const { outbox } = this.client;
    if (this.isGone) {
      outbox.clear();
      return;
    }
    if (this.leaving !== null) {
      if (outbox.length > this.host.maxOutputBytes) this.closeNow();
      return;
    }
    const { length } = outbox;
    if (length > 0) {
      if (this.transport.write(outbox.bytes, 0, length)) outbox.clear();
      else this.leaving = outbox.detach();
    } else {
      outbox.clear();
    }
    if (this.leaving !== null) this.pause();
    if (this.closesAfterFlush) this.transport.end();
  }

  /** Reads again after a congestion or a full output. */
  resume(): void {
    if (this.stage === Stage.closing || this.leaving !== null) return;
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
    this.waiting.drain((bytes, start, end) => this.use(bytes, start, end));
  }

  /** Uses whole frames; returns how far it got. */
  private use(bytes: Uint8Array, start: number, end: number): number {
    const { host } = this;
    let at = start;
    while (end - at >= 4) {
      const length = readInt32(bytes, at);
      if (this.stage === Stage.fresh && host.fourLetterWord(this, bytes, at, end)) return end;
      if (length < 0 || length > host.maxFrameBytes || !host.mayReceive(length)) {
        this.closeNow();
        return end;
      }
      const frameStart = at + 4;
      const frameEnd = frameStart + length;
      if (frameEnd > end) return at;
      at = frameEnd;
      if (this.stage === Stage.established) {
        host.submit(this, bytes, frameStart, frameEnd);
      } else {
        this.stage = Stage.connecting;
        host.connect(this, bytes, frameStart, frameEnd);
      }
      if (this.isClosing) return end;
      if (this.stage === Stage.connecting) return at;
      if (host.isCongested && this.client.outstanding > 0) {
        this.pause();
        host.congested(this);
        return at;
      }
    }
    return at;
  }
}
