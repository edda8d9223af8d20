import type { RecordReader } from '@zk/jute';
import { CancelledError, ConnectionLossError, QueueFullError, SessionExpiredError, errorOfCode } from '@zk/client-api';
import { int64 } from '@zk/model';
import type { MetricsRecorder } from '../metrics.js';
import type { RequestTracer } from '../tracing.js';
import { CodecFailure } from '../wire/kinds.js';
import type { Outbox } from '../wire/outbox.js';
import { Deque } from './deque.js';
import { REFUSED, type Request } from './request.js';
import { maybeApplied, noRequest, timeoutOf, tooLong, withPath } from './request-errors.js';
import { follow, unfollow } from './signals.js';

export interface RequestLimits {
  /** Requests on their way to or at a server; what is more waits. */
  readonly maxOutstanding: number;
  /** The same in bytes; one request may be larger than that. */
  readonly maxOutstandingBytes: number;
  /** Requests that wait, for a connection or for their turn; beyond it a call rejects with QueueFullError. */
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** The longest request that servers take (their `jute.maxbuffer`). */
  readonly maxRequestBytes: number;
}

const LAST_XID = 0x7fff_ffff;
/** A write of about this many bytes leaves at a time. */
const BATCH_BYTES = 64 * 1024;
/** What a frame takes besides its path and data. */
const FRAME_BYTES = 40;
const MANY_DEAD = 64;

/**
 * The requests of one client, from the call to the reply.
 *
 * They wait in one queue, leave in that order as far as the window allows, and then wait in a second queue for replies,
 * which come in the same order (a throttled request may be refused out of turn, nothing else). A request that was
 * given up by its caller stays where it is, settled, until its turn or its reply has come: places in a queue are never
 * searched for.
 */
export class RequestQueue {
  private readonly waiting = new Deque<Request>();
  private readonly sent = new Deque<Request>();
  private waitingBytes = 0;
  private sentBytes = 0;
  private deadWaiting = 0;
  private lastXid: number;
  /** No request ends before; Infinity when none has a deadline. */
  private earliestDeadlineMs = Infinity;

  constructor(
    private readonly limits: RequestLimits,
    private readonly metrics: MetricsRecorder,
    private readonly tracer: RequestTracer,
    firstXid = 1,
  ) {
    this.lastXid = firstXid - 1;
  }

  get outstandingCount(): number {
    return this.sent.size;
  }

  get waitingCount(): number {
    return this.waiting.size - this.deadWaiting;
  }

  get isIdle(): boolean {
    return this.sent.size === 0 && this.waitingCount === 0;
  }

  get nextDeadlineMs(): number {
    return this.earliestDeadlineMs;
  }

  /** xids go from 1 to 2^31 - 1 and around: below are the ones with a meaning, above is no int32. */
  nextXid(): number {
    this.lastXid = this.lastXid >= LAST_XID ? 1 : this.lastXid + 1;
    return this.lastXid;
  }

  /** Takes a request in, at the end; one that does not fit is rejected. */
  add(request: Request): boolean {
    const { limits } = this;
    request.sizeBytes = FRAME_BYTES + request.prefix.length + request.path.length + (request.data?.length ?? 0);
    if (this.waitingCount >= limits.maxQueued || this.waitingBytes + request.sizeBytes > limits.maxQueuedBytes) {
      const what = `${this.waitingCount} requests, ${this.waitingBytes} bytes`;
      this.fail(request, new QueueFullError(request.path, what));
      return false;
    }
    if (request.signal !== undefined && !this.follow(request, request.signal)) return false;
    this.waiting.push(request);
    this.waitingBytes += request.sizeBytes;
    if (request.deadlineMs < this.earliestDeadlineMs) this.earliestDeadlineMs = request.deadlineMs;
    return true;
  }

  /** Takes one in at the front, whatever the limits: what must reach the server before anything else. */
  addFirst(request: Request): void {
    this.waiting.unshift(request);
    this.waitingBytes += request.sizeBytes;
    if (request.deadlineMs < this.earliestDeadlineMs) this.earliestDeadlineMs = request.deadlineMs;
  }

  /** Encodes what may leave now. @returns whether more could follow at once */
  encode(out: Outbox, nowMs: number): boolean {
    const { limits } = this;
    while (this.waiting.size > 0) {
      if (out.length >= BATCH_BYTES) return true;
      if (this.sent.size >= limits.maxOutstanding) return false;
      const next = this.waiting.peek()!;
      if (next.stage === 'settled') {
        this.deadWaiting--;
      } else {
        if (this.sent.size > 0 && this.sentBytes + next.sizeBytes > limits.maxOutstandingBytes) return false;
        if (this.write(next, out, nowMs)) {
          this.sent.push(next);
          this.sentBytes += next.sizeBytes;
        }
      }
      this.waiting.shift();
      this.waitingBytes -= next.sizeBytes;
    }
    return false;
  }

  /**
   * A reply has come. @returns the request, settled now, or undefined when nobody asked
   * @throws what the decoder throws, when the reply makes no sense; the request is settled nevertheless
   */
  replied(xid: number, hi: number, lo: number, err: number, reader: RecordReader, nowMs: number): Request | undefined {
    const request = this.take(xid);
    if (request === undefined) return undefined;
    this.metrics.replied(nowMs - request.submittedAtMs);
    if (request.stage === 'settled') {
      request.kind.answeredLate?.(request, err);
      return request;
    }
    if (request.trace !== undefined) request.trace.zxid = int64(hi, lo);
    if (err !== 0) {
      const answer = request.kind.answer === undefined ? REFUSED : request.kind.answer(err, request);
      if (answer === REFUSED) this.fail(request, errorOfCode(err, request.path));
      else this.succeed(request, answer);
      return request;
    }
    let value: unknown;
    try {
      value = request.kind.decode(reader, request);
    } catch (error) {
      if (!(error instanceof CodecFailure)) {
        this.fail(request, new ConnectionLossError(request.path, !request.kind.isRepeatable, { cause: error }));
        throw error;
      }
      this.fail(request, withPath(error.thrown, request.path));
      return request;
    }
    this.succeed(request, value);
    return request;
  }

  /** The reply to this xid is longer than is allowed: nobody will read it. */
  unreadable(xid: number, error: (request: Request) => Error): Request | undefined {
    const request = this.take(xid);
    if (request !== undefined && request.stage !== 'settled') this.fail(request, error(request));
    return request;
  }

  /** Rejects one that was never taken in. */
  refuse(request: Request, error: Error): void {
    this.fail(request, error);
  }

  /**
   * The connection broke: what may be repeated goes back to the front of the queue, what may not is rejected. So is what
   * was for this connection and still waits. Guard of 'a watch is not removed by what was meant for the connection
   * before' in test/faults/watches.spec.ts.
   */
  connectionLost(cause: unknown): void {
    this.takeBack((path) => new ConnectionLossError(path, true, { cause }));
    const isOver = ({ kind }: Request): boolean => kind.isOfConnection === true;
    this.rejectWaiting(isOver, (path) => new ConnectionLossError(path, false, { cause }));
  }

  /**
   * A request that changes something belongs to the session in which it was made, sent or not: another session would
   * own its ephemerals. A read means the same in the next one, and waits for it.
   */
  sessionLost(): void {
    this.takeBack((path) => new SessionExpiredError(path, true));
    const isOver = ({ kind, isOfSession }: Request): boolean => !kind.isRepeatable || isOfSession;
    this.rejectWaiting(isOver, (path) => new SessionExpiredError(path, false));
  }

  /** Rejects everything. The error is told whether the request may have been applied. */
  failAll(errorOf: (path: string, maybeApplied: boolean) => Error): void {
    const all = [...this.sent.takeAll(), ...this.waiting.takeAll()];
    this.sentBytes = this.waitingBytes = this.deadWaiting = 0;
    this.earliestDeadlineMs = Infinity;
    for (const request of all) {
      if (request.stage !== 'settled') this.fail(request, errorOf(request.path, maybeApplied(request)));
    }
  }

  /** Rejects what has waited long enough. */
  expire(nowMs: number): void {
    if (nowMs < this.earliestDeadlineMs) return;
    let earliestMs = Infinity;
    for (const queue of [this.sent, this.waiting]) {
      for (let i = 0; i < queue.size; i++) {
        const request = queue.at(i);
        if (request.stage === 'settled') continue;
        if (request.deadlineMs <= nowMs) this.giveUp(request, timeoutOf(request));
        else if (request.deadlineMs < earliestMs) earliestMs = request.deadlineMs;
      }
    }
    this.earliestDeadlineMs = earliestMs;
    this.dropDead();
  }

  private takeBack(errorOf: (path: string) => Error): void {
    const repeated: Request[] = [];
    for (const request of this.sent.takeAll()) {
      if (request.stage === 'settled') continue;
      if (request.kind.isRepeatable) repeated.push(request);
      else this.fail(request, errorOf(request.path));
    }
    this.sentBytes = 0;
    for (let i = repeated.length - 1; i >= 0; i--) {
      const request = repeated[i]!;
      request.stage = 'waiting';
      this.addFirst(request);
    }
  }

  /** Rejects those that wait and are over; the dead go with them. */
  private rejectWaiting(isOver: (request: Request) => boolean, errorOf: (path: string) => Error): void {
    this.waiting.filter((request) => {
      if (request.stage !== 'settled' && !isOver(request)) return true;
      this.waitingBytes -= request.sizeBytes;
      if (request.stage !== 'settled') this.fail(request, errorOf(request.path));
      return false;
    });
    this.deadWaiting = 0;
  }

  private write(request: Request, out: Outbox, nowMs: number): boolean {
    request.xid = this.nextXid();
    out.begin(request.xid, request.kind.opcode);
    try {
      request.kind.encode(out, request);
    } catch (error) {
      // Of a caller without types: what was asked for is no request.
      out.abandon();
      this.fail(request, noRequest(request.path, error));
      return false;
    }
    const lengthBytes = out.end();
    if (lengthBytes > this.limits.maxRequestBytes) {
      // Sent all the same, it would make the server close the connection without a word.
      out.abandon();
      this.fail(request, tooLong(request.path, lengthBytes, this.limits.maxRequestBytes));
      return false;
    }
    request.stage = 'sent';
    request.sentAtMs = nowMs;
    if (request.trace !== undefined) request.trace.xid = request.xid;
    return true;
  }

  /** The request that waits for a reply under this xid; it waits no longer. */
  private take(xid: number): Request | undefined {
    const first = this.sent.peek();
    let request = first;
    if (first !== undefined && first.xid === xid) this.sent.shift();
    else request = this.outOfTurn(xid);
    if (request !== undefined) this.sentBytes -= request.sizeBytes;
    return request;
  }

  private outOfTurn(xid: number): Request | undefined {
    let found: Request | undefined;
    for (let i = 0; i < this.sent.size && found === undefined; i++) {
      if (this.sent.at(i).xid === xid) found = this.sent.at(i);
    }
    if (found !== undefined) this.sent.filter((request) => request !== found);
    return found;
  }

  /** @returns false when the signal has been aborted already */
  private follow(request: Request, signal: AbortSignal): boolean {
    if (signal.aborted) {
      this.fail(request, new CancelledError(request.path, signal.reason, false));
      return false;
    }
    request.onAbort = () => {
      if (request.stage === 'settled') return;
      this.giveUp(request, new CancelledError(request.path, signal.reason, maybeApplied(request)));
      this.dropDead();
    };
    follow(signal, request.onAbort);
    return true;
  }

  /** Its caller waits no longer. It keeps its place, as one of the dead. */
  private giveUp(request: Request, error: Error): void {
    if (request.stage === 'waiting') this.deadWaiting++;
    this.fail(request, error);
  }

  private dropDead(): void {
    if (this.deadWaiting < MANY_DEAD || this.deadWaiting * 2 < this.waiting.size) return;
    this.waiting.filter((request) => {
      if (request.stage === 'waiting') return true;
      this.waitingBytes -= request.sizeBytes;
      return false;
    });
    this.deadWaiting = 0;
  }

  private succeed(request: Request, value: unknown): void {
    this.settle(request);
    this.metrics.succeeded();
    if (request.trace !== undefined) this.tracer.finished(request.trace);
    request.resolve(value);
  }

  private fail(request: Request, error: unknown): void {
    this.settle(request);
    this.metrics.failed(error);
    if (request.trace !== undefined) {
      request.trace.error = error;
      this.tracer.finished(request.trace);
    }
    request.kind.abandoned?.(request);
    request.reject(error);
  }

  private settle(request: Request): void {
    request.stage = 'settled';
    if (request.onAbort === undefined) return;
    unfollow(request.signal!, request.onAbort);
    request.onAbort = undefined;
  }
}
