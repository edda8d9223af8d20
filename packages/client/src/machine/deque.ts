const INITIAL_SLOTS = 64;

/** A queue with two ends, in a ring of slots that doubles when it is full. */
export class Deque<T extends object> {
  private slots: (T | undefined)[] = new Array<T | undefined>(INITIAL_SLOTS).fill(undefined);
  private head = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.slots.length) this.grow();
    this.slots[(this.head + this.count) & (this.slots.length - 1)] = item;
    this.count++;
  }

  unshift(item: T): void {
    if (this.count === this.slots.length) this.grow();
    this.head = (this.head - 1) & (this.slots.length - 1);
    this.slots[this.head] = item;
    this.count++;
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.slots[this.head];
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.count--;
    return item;
  }

  peek(): T | undefined {
    return this.count === 0 ? undefined : this.slots[this.head];
  }

  at(index: number): T {
    return this.slots[(this.head + index) & (this.slots.length - 1)]!;
  }

  /** Keeps what the test accepts, in order. */
  filter(keep: (item: T) => boolean): void {
    const kept = this.takeAll().filter(keep);
    for (const item of kept) this.push(item);
  }

  /** Everything, in order; the queue is empty then, and has given back its memory. */
  takeAll(): T[] {
    const items: T[] = [];
    for (let i = 0; i < this.count; i++) items.push(this.at(i));
    this.slots = new Array<T | undefined>(INITIAL_SLOTS).fill(undefined);
    this.head = this.count = 0;
    return items;
  }

  private grow(): void {
    const larger = new Array<T | undefined>(this.slots.length * 2).fill(undefined);
    for (let i = 0; i < this.count; i++) larger[i] = this.at(i);
    this.slots = larger;
    this.head = 0;
  }
}
