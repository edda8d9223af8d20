/** What happens next, in virtual time. Of two events at the same moment the one that was planned first comes first. */
export class Agenda {
  nowMs = 0;
  private readonly heap: Planned[] = [];
  private planned = 0;

  get length(): number {
    return this.heap.length;
  }

  at(timeMs: number, run: () => void): void {
    this.push({ timeMs: Math.max(timeMs, this.nowMs), order: this.planned++, run });
  }

  in(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Runs the next event; false when there is none, or it lies behind `untilMs`. */
  step(untilMs = Infinity): boolean {
    const next = this.heap[0];
    if (next === undefined || next.timeMs > untilMs) return false;
    this.pop();
    this.nowMs = next.timeMs;
    next.run();
    return true;
  }

  private push(item: Planned): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

interface Planned {
  readonly timeMs: number;
  readonly order: number;
  readonly run: () => void;
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);
}
