/** Makes calls in a session and notes for the checkers when they began and ended, and how. */
import { ConnectionLost } from '../../lib/raw-client.js';
import { ByteReader, ErrorCode, type Stat } from '../../lib/wire.js';
import type { Outcome } from '@zk/histories';
import { type History } from './history.js';
import type { Answer, WorkSession } from './session.js';

/** A call that was made; `answer` is undefined where its result is unknown. */
export interface Call {
  readonly outcome: Outcome;
  readonly startMs: number;
  readonly endMs: number;
  readonly session: bigint;
  readonly answer: Answer | undefined;
}

/** A call that was answered without an error. */
export interface AnsweredCall extends Call {
  readonly answer: Answer;
}

export interface CallRequest {
  /** Counted under this name. */
  readonly kind: string;
  readonly what: string;
  readonly type: number;
  readonly body: Uint8Array;
  /** Error codes that are answers here. */
  readonly expectedErrors?: readonly number[];
}

/** The session is over, or is served elsewhere: the request had no effect. */
const SESSION_ERRORS: readonly number[] = [ErrorCode.sessionExpired, -118];
/** Some servers say so before they close the connection; they need not know what becomes of the request. */
const CONNECTION_LOSS = -4;

export class Caller {
  constructor(
    readonly session: WorkSession,
    readonly history: History,
    readonly worker: number,
  ) {}

  async write(request: CallRequest): Promise<Call> {
    const call = await this.call(request);
    if (isAnswered(call)) {
      const { startMs, endMs } = call;
      this.history.writes.push({ what: request.what, startMs, endMs, zxid: call.answer.zxid });
    }
    return call;
  }

  async call({ kind, what, type, body, expectedErrors = [] }: CallRequest): Promise<Call> {
    const { id: session, member } = this.session;
    const startMs = performance.now();
    const answer = await this.session.request(type, body).catch((error: unknown) => {
      if (error instanceof ConnectionLost) return undefined;
      throw error;
    });
    const endMs = performance.now();
    const outcome = outcomeOf(answer);
    this.history.count(kind, outcome);
    const { error, zxid } = answer ?? {};
    if (error !== undefined && ![0, CONNECTION_LOSS, ...SESSION_ERRORS, ...expectedErrors].includes(error)) {
      this.history.surprises.push(`${what} is answered with error ${error} (session 0x${session.toString(16)})`);
    }
    const { worker } = this;
    this.history.line({ what, kind, worker, session, member, startMs, endMs, outcome, error, zxid });
    return { outcome, startMs, endMs, session, answer };
  }

  /** Notes in which state the session saw a znode. */
  saw(call: AnsweredCall, path: string, mzxid: bigint, isWatched = false): void {
    const { session, answer } = call;
    this.history.events.push({ session, order: answer.streamOrder, what: isWatched ? 'watched' : 'seen', path, mzxid });
  }
}

export function isAnswered(call: Call): call is AnsweredCall {
  return call.outcome === 'ok';
}

/** Whether it was answered at all, be it with an error: by a server that serves the session. */
export function isAnswer({ answer }: Call): boolean {
  return answer !== undefined && ![CONNECTION_LOSS, ...SESSION_ERRORS].includes(answer.error);
}

export function readData({ answer }: AnsweredCall): { value: string; stat: Stat } {
  const reader = new ByteReader(answer.payload);
  return { value: reader.string() ?? '', stat: reader.stat() };
}

function outcomeOf(answer: Answer | undefined): Outcome {
  if (answer === undefined || answer.error === CONNECTION_LOSS) return 'unknown';
  return answer.error === ErrorCode.ok ? 'ok' : 'failed';
}
