import { type CallOptions, MultiError, type WriteOp, type WriteResults } from '@zk/client-api';
import type { Zxid } from '@zk/model';
import { type Held, type Hold, LinkedSignal, LockLostError } from '../support/index.js';

/** Several holds as one: lost as a whole as soon as one of them is. Of one client. */
export class Combined<H extends Hold> implements Held {
  /** In the order in which they were acquired. */
  readonly holds: readonly H[];
  readonly #linked: LinkedSignal;
  #released: Promise<void> | undefined;

  constructor(holds: readonly H[]) {
    this.holds = holds;
    this.#linked = new LinkedSignal(...holds.map((hold) => hold.signal));
  }

  get signal(): AbortSignal {
    return this.#linked.signal;
  }

  /** One per hold; each grows from holder to holder of its own. */
  get tokens(): readonly Zxid[] {
    return this.holds.map((hold) => hold.token);
  }

  get isHeld(): boolean {
    return !this.signal.aborted && this.holds.every((hold) => hold.isHeld);
  }

  assertHeld(): void {
    if (this.signal.aborted) throw this.signal.reason;
    for (const hold of this.holds) hold.assertHeld();
  }

  /** Operations for a multi of your own, which then commits only while all of this is held. */
  checks(): Extract<WriteOp, { readonly kind: 'check' }>[] {
    return this.holds.map((hold) => hold.check());
  }

  /** As of a Hold: commits only while all of this is held. */
  async guardedMulti<const O extends readonly WriteOp[]>(
    operations: O,
    options?: CallOptions,
  ): Promise<WriteResults<O>> {
    this.assertHeld();
    const [first, ...others] = this.holds;
    const checks = others.map((hold) => hold.check());
    try {
      const results = await first!.guardedMulti([...checks, ...operations], options);
      return results.slice(checks.length) as unknown as WriteResults<O>;
    } catch (error) {
      if (!(error instanceof MultiError)) throw error;
      const { code, failedIndex, path, errors } = error;
      const lost = others[failedIndex];
      if (lost === undefined) {
        throw new MultiError(code, failedIndex - checks.length, path, errors.slice(checks.length));
      }
      lost.lose('nodeDeleted');
      throw new LockLostError(lost.path, 'nodeDeleted');
    }
  }

  /** In reverse order; all are tried. @throws the first error, when they are through */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #release(): Promise<void> {
    const results = await Promise.allSettled(this.holds.toReversed().map((hold) => hold.release()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
