import { firstOf } from '../support/index.js';

/** Tasks of one object, one after the other in the order of their calls: it has no quarrel with itself. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** @throws the reason of the signal when it aborts before the task had its turn */
  async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let done!: () => void;
    const mine = new Promise<void>((resolve) => (done = resolve));
    // One that gives up waiting does not let the next one in before the present one is done.
    this.#last = before.then(() => mine);
    try {
      await firstOf({ signals: [signal], promises: [before] });
      if (signal.aborted) throw signal.reason;
      return await task();
    } finally {
      done();
    }
  }
}
