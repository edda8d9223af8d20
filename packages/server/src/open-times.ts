/** A queue that is emptied from the front is moved together when so many places before it are free. */
const MAX_FREE_PLACES = 1024;

/**
 * When each of those that are on their way began, oldest first. What begins at the same time, as everything does within
 * one turn of the event loop, takes one place together.
 */
export class OpenTimes {
  private readonly timesMs: number[] = [];
  /** How many began at each of those times and are still open. */
  private readonly counts: number[] = [];
  private first = 0;

  /** Places in use and free: what it costs in memory. */
  get places(): number {
    return this.timesMs.length;
  }

  /** @param nowMs not before that of the last one */
  begin(nowMs: number): void {
    const last = this.timesMs.length - 1;
    if (last >= this.first && this.timesMs[last] === nowMs) {
      this.counts[last]!++;
      return;
    }
    this.timesMs.push(nowMs);
    this.counts.push(1);
  }

  /** Ends the oldest. @returns when it began; undefined when none is open */
  end(): number | undefined {
    const { first, timesMs, counts } = this;
    if (first === timesMs.length) return undefined;
    const beganMs = timesMs[first];
    if (--counts[first]! === 0) this.freeFirst();
    return beganMs;
  }

  clear(): void {
    this.timesMs.length = this.counts.length = this.first = 0;
  }

  private freeFirst(): void {
    this.first++;
    if (this.first === this.timesMs.length) this.clear();
    else if (this.first >= MAX_FREE_PLACES && this.first * 2 >= this.timesMs.length) {
      this.timesMs.splice(0, this.first);
      this.counts.splice(0, this.first);
      this.first = 0;
    }
  }
}
