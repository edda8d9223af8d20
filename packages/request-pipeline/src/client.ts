import type { PeerInfo } from '@zk/contracts';
import type { Id } from '@zk/model';
import type { Session } from '@zk/session';
import { HeldFrames } from './held-frames.js';
import type { Outbox } from './outbox.js';

/** What the pipeline asks of whoever holds the connection. */
export interface ClientConnection {
  readonly peer: PeerInfo;
  /** Sends what is in the outbox, then closes. */
  closeAfterFlush(): void;
  /** Closes at once, without sending anything more. */
  closeNow(): void;
  /** The session is there and its ConnectResponse is in the outbox: requests may follow. */
  established(): void;
}

/** The client of this server that acts for a session; null where nobody does, or a client of another server. */
export function ownerOf(session: Session): Client | null {
  return session.owner instanceof Client ? session.owner : null;
}

/** One connected client, as the pipeline sees it. */
export class Client {
  session: Session | null = null;
  /** What this connection negotiated, in ms; every request gives the session that much. */
  timeoutMs = 0;
  /** Whether its ConnectRequest had the last byte, so that its ConnectResponse has it too. */
  expectsReadOnlyByte = true;
  /** Ids proved so far; replaced as a whole, so that a request keeps the list it was read with. */
  ids: readonly Id[];
  isClosed = false;
  /** Set once a closeSession was accepted or the session was lost: nothing that follows is answered. */
  ignoresRequests = false;

  /** Writes submitted and writes finished: a read waits until those before it are finished. */
  writesIssued = 0;
  writesDone = 0;
  readonly held = new HeldFrames();

  // What `cons` shows. Times are monotonic ms.
  received = 0;
  lastOp = 0;
  lastXid = 0;
  lastZxidHi = 0;
  lastZxidLo = 0;
  lastResponseMs = 0;
  lastLatencyMs = 0;
  minLatencyMs = -1;
  maxLatencyMs = 0;
  latencySumMs = 0;
  latencyCount = 0;

  constructor(
    /** Small number that names this client in the watch table. */
    readonly watcher: number,
    readonly outbox: Outbox,
    readonly connection: ClientConnection,
    initialIds: readonly Id[],
  ) {
    this.ids = initialIds;
  }

  /** Requests read and not yet answered. */
  get outstanding(): number {
    return this.writesIssued - this.writesDone + this.held.count;
  }

  recordLatency(latencyMs: number, nowMs: number): void {
    this.lastResponseMs = nowMs;
    this.lastLatencyMs = latencyMs;
    this.latencySumMs += latencyMs;
    this.latencyCount++;
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs;
    if (this.minLatencyMs < 0 || latencyMs < this.minLatencyMs) this.minLatencyMs = latencyMs;
  }

  resetStats(): void {
    this.received = 0;
    this.outbox.framesWritten = 0;
    this.lastOp = 0;
    this.lastXid = -1;
    this.lastZxidHi = this.lastZxidLo = -1;
    this.lastResponseMs = this.lastLatencyMs = this.maxLatencyMs = 0;
    this.latencySumMs = this.latencyCount = 0;
    this.minLatencyMs = -1;
  }
}
