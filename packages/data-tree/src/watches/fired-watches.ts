/** How many watchers the events of one type had: of those that had any. */
export interface FiredCounts {
  /** Events. */
  readonly count: number;
  /** Watchers in all, and those of the event that had the fewest and the most; 0 before the first event. */
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

const EVENT_TYPES = 5;

/** Counts the events that watches fired, by their types. */
export class FiredWatches {
  private readonly counts = Array.from({ length: EVENT_TYPES }, () => ({ count: 0, sum: 0, min: 0, max: 0 }));

  note(eventType: number, watchers: number): void {
    const counts = this.counts[eventType]!;
    if (counts.count === 0 || watchers < counts.min) counts.min = watchers;
    if (watchers > counts.max) counts.max = watchers;
    counts.count++;
    counts.sum += watchers;
  }

  of(eventType: number): FiredCounts {
    return this.counts[eventType]!;
  }

  reset(): void {
    for (const counts of this.counts) counts.count = counts.sum = counts.min = counts.max = 0;
  }
}
