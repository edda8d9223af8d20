/** One piece of work at a time, in the order of the calls; one that fails does not hold up the next. */
export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** What the work gives, once all before it has ended. It must not wait for work that is behind it. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
