import type { Acl } from '@zk/model';
import type { RecordReader } from '@zk/jute';
import type { Codec } from '@zk/client-api';
import type { Outbox } from '../wire/outbox.js';
import type { RequestTrace } from '../tracing.js';

/** What {@link RequestKind.answer} says of a reply code that is a refusal after all. */
export const REFUSED = Symbol('refused');

/** One kind of request: how it is written, and how its reply is read. There is one object for each, not one per call. */
export interface RequestKind {
  readonly name: string;
  readonly opcode: number;
  /** Whether it may be sent again when no reply came: true for what changes nothing. */
  readonly isRepeatable: boolean;
  /** Whether it means something on this connection only: it is not sent on another one, also if it was never sent. */
  readonly isOfConnection?: boolean;
  /** Writes what follows the header. */
  encode(out: Outbox, request: Request): void;
  /** Reads what follows the header of a reply without an error. The bytes are valid during the call only. */
  decode(reader: RecordReader, request: Request): unknown;
  /** For kinds where an error code is an answer. */
  answer?(code: number, request: Request): unknown;
  /** Rejected: refused, cancelled, timed out, connection lost. */
  abandoned?(request: Request): void;
  /** A reply came after that, with this error code. */
  answeredLate?(request: Request, err: number): void;
}

export type RequestStage = 'waiting' | 'sent' | 'settled';

/**
 * One call on its way: what is to be sent, and the promise that waits for the reply. Which of the fields mean anything
 * depends on the kind.
 */
export class Request {
  stage: RequestStage = 'waiting';
  xid = 0;
  /** Bytes it counts for: what it takes on the wire, about. */
  sizeBytes = 0;
  submittedAtMs = 0;
  /** When the bytes were handed to the connection. */
  sentAtMs = 0;
  timeoutMs = Infinity;
  deadlineMs = Infinity;
  signal: AbortSignal | undefined = undefined;
  onAbort: (() => void) | undefined = undefined;
  trace: RequestTrace | undefined = undefined;

  data: Uint8Array | null = null;
  /** A version, create flags, a mode or a type. */
  number = 0;
  isWatching = false;
  /** Rests on what another request of this session has seen: it ends with the session, though it changes nothing. */
  isOfSession = false;
  acl: readonly Acl[] | null = null;
  ttlMs = 0;
  codec: Codec<unknown> | undefined = undefined;
  /** What only this kind knows about. */
  extra: unknown = undefined;

  resolve!: (value: unknown) => void;
  reject!: (error: unknown) => void;
  readonly promise: Promise<unknown>;

  constructor(
    readonly kind: RequestKind,
    /** Of the chroot; empty, or a path. */
    readonly prefix: string,
    /** As the caller gave it, and as errors show it. */
    readonly path: string,
  ) {
    // One executor for all promises: the functions come back through variables instead of a closure per request.
    this.promise = new Promise(takeSettlers);
    this.resolve = lastResolve;
    this.reject = lastReject;
  }

  /** The promise for those who asked: the stack of what rejects it leads to them, not to the reading of a reply. */
  get outcome(): Promise<unknown> {
    return this.promise.then(undefined, leadToCaller);
  }
}

/** In a handler of a promise that a function awaits, V8 knows which function that is. Other engines keep the first stack. */
function leadToCaller(error: unknown): never {
  if (error instanceof Error && 'maybeApplied' in error) Error.captureStackTrace?.(error, leadToCaller);
  throw error;
}

let lastResolve: (value: unknown) => void;
let lastReject: (error: unknown) => void;

function takeSettlers(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
  lastResolve = resolve;
  lastReject = reject;
}
