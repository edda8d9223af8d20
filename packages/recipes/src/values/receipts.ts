import { type ClientSession, type MultiError, type WriteOp, type ZkClient, op, utf8 } from '@zk/client-api';
import {
  childPath,
  ensurePath,
  exponentialBackoff,
  firstOf,
  guaranteedDelete,
  hex32,
  isNamed,
  isTransient,
  mayHaveApplied,
  sleep,
} from '../support/index.js';
import { ConnectedPatience, type Patience, persistently } from './scoped.js';

/**
 * Writes of which one knows whether they happened.
 *
 * When the reply of an increment is lost, looking at the number does not tell: two clients that add 1 to 5 both write 6,
 * and the one that finds a 6 cannot know whose it is. So a write goes out as a multi together with a receipt: a small
 * ephemeral znode of this client alone, in which the very same transaction leaves a token. After a lost reply one look
 * there answers the question, because a reply, a sync and a read that come after the new connection of the same session
 * see everything that the old one sent and the server took:
 *
 *     multi [ set /count 6 if version 17, set /count/receipt-… "41" ]   reply lost
 *     sync, get /count/receipt-…        "41": it was applied;  something else: it was not, and may be sent again
 *
 * The receipt goes with the session. If that ends before the question is answered, the recipe's own comparison is asked,
 * and if it cannot tell either, the answer is {@link OutcomeUnknownError}: never a guess.
 *
 * The znode it writes to has the format it always had; receipts are invisible to Curator and kazoo, except that a znode
 * with a receipt below it cannot be deleted while its writers are connected.
 */
export class ReceiptWriter {
  readonly #client: ZkClient;
  readonly #directory: string;
  readonly #free: Receipt[] = [];
  /** Writes that wait for one to end, so that there are not more receipts than that. */
  readonly #waiting: (() => void)[] = [];
  #isEnabled: boolean;
  #tokens = 0;
  #inFlight = 0;

  /**
   * @param directory of the receipts; created when it is missing. There is one receipt per write in flight, at most 128,
   *   and they are used again.
   */
  constructor(client: ZkClient, directory: string, isEnabled = true) {
    this.#client = client;
    this.#directory = directory;
    this.#isEnabled = isEnabled;
  }

  /**
   * Performs the operations, all or none, exactly once.
   *
   * @returns the results, or undefined when it is certain that they were applied but the reply is lost
   * @throws what the server refuses, as the error of the operation that failed (not a MultiError); then nothing happened
   * @throws OutcomeUnknownError
   */
  async write(
    operations: readonly WriteOp[],
    scope: Patience,
    options: WriteOptions = {},
  ): Promise<readonly WriteAnswer[] | undefined> {
    if (this.#inFlight >= MAX_IN_FLIGHT) await this.#place(scope.signal);
    this.#inFlight++;
    try {
      return await this.#write(operations, scope, options);
    } finally {
      this.#inFlight--;
      this.#waiting.shift()?.();
    }
  }

  async #write(
    operations: readonly WriteOp[],
    scope: Patience,
    options: WriteOptions,
  ): Promise<readonly WriteAnswer[] | undefined> {
    const attempt = new Attempt(this.#client, operations, options);
    const policy = exponentialBackoff({ max: '1s' });
    for (let count = 1; ; count++) {
      const session = this.#client.session ?? (await this.#client.connected({ signal: scope.signal }));
      const receipt = this.#take(session);
      try {
        const results = await attempt.send(receipt, `${++this.#tokens}`, scope);
        this.#free.push(...(receipt === undefined ? [] : [receipt]));
        return results;
      } catch (error) {
        const next = await this.#after(error, attempt, receipt, scope);
        if (next === 'applied') return undefined;
        if (next === 'wait') await this.#pause(policy(count, 0, this.#client.runtime.random)!, attempt, scope);
      }
    }
  }

  /** Makes the directory beforehand, so that the first writes need not be sent twice and keep their order. */
  async prepare(scope: Patience): Promise<void> {
    if (this.#isEnabled) await this.#ensureDirectory(scope);
  }

  /** Removes the receipts of this writer. It may go on writing: new ones are made. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#free.splice(0).map((receipt) => guaranteedDelete(this.#client, receipt.path)));
  }

  /** A place among those in flight, in the order of the calls. */
  async #place(signal: AbortSignal): Promise<void> {
    while (this.#inFlight >= MAX_IN_FLIGHT) {
      let wake: () => void = () => undefined;
      const woken = new Promise<void>((resolve) => (wake = resolve));
      this.#waiting.push(wake);
      await firstOf({ signals: [signal], promises: [woken] });
      if (!signal.aborted) continue;
      const at = this.#waiting.indexOf(wake);
      if (at >= 0) this.#waiting.splice(at, 1);
      // It was this one's turn: the next one has it.
      else this.#waiting.shift()?.();
      throw signal.reason;
    }
  }

  #take(session: ClientSession): Receipt | undefined {
    if (!this.#isEnabled) return undefined;
    for (;;) {
      const receipt = this.#free.pop();
      if (receipt === undefined) break;
      if (receipt.sessionId === session.id) return receipt;
    }
    const path = childPath(this.#directory, `receipt-${hex32(this.#client.runtime.random)}`);
    return { path, sessionId: session.id, isCreated: false };
  }

  /** What to do after a failed attempt. Throws when it is the end. */
  async #after(
    error: unknown,
    attempt: Attempt,
    receipt: Receipt | undefined,
    scope: Patience,
  ): Promise<'applied' | 'wait' | 'again'> {
    const isReceiptRefused = isMultiError(error) && error.failedIndex === attempt.operations.length;
    if (receipt !== undefined && isReceiptRefused) {
      return this.#receiptRefused(error.errors[error.failedIndex] ?? error, receipt, scope);
    }
    try {
      if (isTransient(error) && !scope.signal.aborted) {
        // Guard of "counts an increment once when its reply is lost" in value-faults.spec.ts.
        const outcome = mayHaveApplied(error) ? await attempt.settle(receipt, scope) : 'notApplied';
        return outcome === 'applied' ? 'applied' : 'wait';
      }
    } finally {
      // Also of a call that ends here: its receipt may be there, and there would be one more for each such call. Guard of
      // "leaves one receipt, however many calls are cancelled" in value-faults.spec.ts.
      if (receipt !== undefined) this.#free.push(receipt);
    }
    if (!isMultiError(error)) throw attempt.isUnsure ? new OutcomeUnknownError(attempt.path, error) : error;
    const refusal = error.errors[error.failedIndex] ?? error;
    // Perhaps it is refused because an earlier attempt of a session before was applied after all.
    if (attempt.isUnsure && (await attempt.compare(scope)) === 'applied') return 'applied';
    throw refusal;
  }

  async #receiptRefused(refusal: Error, receipt: Receipt, scope: Patience): Promise<'again'> {
    if (isNamed(refusal, 'NONODE')) {
      // Gone with the session before, or somebody has tidied up; or the directory was an empty container.
      if (!receipt.isCreated) {
        await this.#ensureDirectory(scope);
      }
      return 'again';
    }
    if (isNamed(refusal, 'NODEEXISTS')) {
      // The reply of the write that made it has come to nobody.
      receipt.isCreated = true;
      this.#free.push(receipt);
      return 'again';
    }
    if (isNamed(refusal, ...NOT_ALLOWED)) {
      this.#isEnabled = false;
      return 'again';
    }
    throw refusal;
  }

  async #ensureDirectory({ signal }: Patience): Promise<void> {
    try {
      await persistently(this.#client, { signal }, () => ensurePath(this.#client, this.#directory, { signal }));
    } catch (error) {
      if (!isNamed(error, ...NOT_ALLOWED)) throw error;
      this.#isEnabled = false;
    }
  }

  async #pause(delayMs: number, attempt: Attempt, scope: Patience): Promise<void> {
    try {
      await sleep(this.#client.runtime, delayMs, scope.signal);
    } catch (error) {
      throw attempt.isUnsure ? new OutcomeUnknownError(attempt.path, error) : error;
    }
  }
}

const MAX_IN_FLIGHT = 128;

/** Where receipts are refused, writes go without. */
const NOT_ALLOWED = ['NOAUTH', 'NOCHILDRENFOREPHEMERALS', 'QUOTAEXCEEDED', 'INVALIDACL'];

/** Whether a write happened, as far as somebody can tell. */
export type Outcome = 'applied' | 'notApplied' | 'unknown';

export interface WriteOptions {
  /** Asked when neither reply nor receipt tells: `notApplied` must be certain for the state it looked at. */
  readonly compare?: (scope: Patience) => Promise<Outcome>;
  /**
   * Once it is under way, the answer counts more than the patience of the caller, and is waited for as long as there is
   * a connection.
   */
  readonly isSeenThrough?: boolean;
}

/** One result of a write. */
export interface WriteAnswer {
  readonly kind: WriteOp['kind'];
  readonly path?: string;
  readonly stat?: { readonly version: number; readonly mzxid: bigint } | undefined;
}

/** A write may or may not have been applied, and there is no way left to find out. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';
  readonly maybeApplied = true;

  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`nobody can tell whether the write to ${path} was applied: its reply was lost, and its session`, { cause });
  }
}

interface Receipt {
  readonly path: string;
  readonly sessionId: bigint;
  isCreated: boolean;
}

/** One write, through as many attempts as it takes. */
class Attempt {
  /** An attempt of a session that is over may still be applied, as long as nobody has written in between. */
  isUnsure = false;
  readonly path: string;
  #token = '';

  constructor(
    private readonly client: ZkClient,
    readonly operations: readonly WriteOp[],
    private readonly options: WriteOptions,
  ) {
    this.path = operations[0]!.path;
  }

  async send(receipt: Receipt | undefined, token: string, scope: Patience): Promise<readonly WriteAnswer[]> {
    if (!this.options.isSeenThrough) return this.#send(receipt, token, scope);
    if (scope.signal.aborted) throw scope.signal.reason;
    using patience = new ConnectedPatience(this.client, scope.signal);
    return await this.#send(receipt, token, patience);
  }

  async #send(receipt: Receipt | undefined, token: string, { signal }: Patience): Promise<readonly WriteAnswer[]> {
    this.#token = token;
    if (receipt === undefined) return this.client.multi(this.operations, { signal });
    const data = utf8.encode(token);
    const note = receipt.isCreated ? op.set(receipt.path, data) : op.create(receipt.path, data, { mode: 'ephemeral' });
    const results = await this.client.multi([...this.operations, note], { signal });
    receipt.isCreated = true;
    return results.slice(0, -1);
  }

  /** Finds out, after a lost reply. @throws OutcomeUnknownError when that is impossible or the scope ends before */
  async settle(receipt: Receipt | undefined, scope: Patience): Promise<'applied' | 'notApplied'> {
    try {
      const seen = receipt === undefined ? 'unknown' : await this.#look(receipt, scope);
      if (seen !== 'unknown') return seen;
      this.isUnsure = true;
      return await this.compare(scope);
    } catch (error) {
      throw isNamed(error, 'OutcomeUnknownError') ? error : new OutcomeUnknownError(this.path, error);
    }
  }

  async compare(scope: Patience): Promise<'applied' | 'notApplied'> {
    const outcome = (await this.options.compare?.(scope)) ?? 'unknown';
    if (outcome === 'unknown') throw new OutcomeUnknownError(this.path, undefined);
    return outcome;
  }

  async #look(receipt: Receipt, scope: Patience): Promise<Outcome> {
    const { signal } = scope;
    const isSameSession = (): boolean => this.client.session?.id === receipt.sessionId;
    return persistently(this.client, scope, async () => {
      try {
        const { data } = await this.client.get(receipt.path, { linearizable: true, signal, codec: utf8 });
        receipt.isCreated = true;
        if (data === this.#token) return 'applied';
      } catch (error) {
        if (!isNamed(error, 'NONODE')) throw error;
      }
      // An absent token is proof only in the session that would have left it.
      return isSameSession() ? 'notApplied' : 'unknown';
    });
  }
}

function isMultiError(error: unknown): error is MultiError {
  return error instanceof Error && 'failedIndex' in error && typeof error.failedIndex === 'number';
}

/** Where the receipts of writes to a directory go: beside it, for its children mean something to others. */
export function receiptsBeside(path: string): string {
  return path === '/' ? '/receipts' : `${path}-receipts`;
}
