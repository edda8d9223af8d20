/**
 * A hash set of record numbers, in 4 bytes a slot. The records themselves hold the keys; the index asks for the hash of
 * one and whether one is the one sought.
 *
 * Open addressing with linear probing, at most three quarters full. A resize happens in steps: the old table stays
 * beside the new one and every insertion or removal moves a few of its slots, so no single call takes long. Nothing is
 * inserted into the old table any more, so removal may leave a tombstone there; in the new one it closes the gap.
 */

const EMPTY = 0;
const TOMBSTONE = -1;
const MIN_SLOTS = 16;
/** Slots of the old table moved per change: enough to be done before the new table can fill up. */
const SLOTS_PER_STEP = 16;

export class RefIndex {
  /** Record number + 1, or EMPTY. */
  private slots: Int32Array = new Int32Array(MIN_SLOTS);
  private mask = MIN_SLOTS - 1;
  private old: Int32Array | null = null;
  private oldCursor = 0;
  private count = 0;

  constructor(
    private readonly hashOf: (ref: number) => number,
    private readonly isSought: (ref: number) => boolean,
  ) {}

  get size(): number {
    return this.count;
  }

  /** The record with this hash that is the one sought; -1 for none. */
  find(hash: number): number {
    const slots = this.slots;
    for (let i = hash & this.mask; slots[i] !== EMPTY; i = (i + 1) & this.mask) {
      const ref = slots[i]! - 1;
      if (this.isSought(ref)) return ref;
    }
    return this.old === null ? -1 : this.findInOld(this.old, hash);
  }

  /** Adds a record that is not in the index. */
  insert(ref: number): void {
    if ((this.count + 1) * 4 > this.slots.length * 3) this.resize(this.slots.length * 2);
    this.step();
    this.put(ref);
    this.count++;
  }

  /** Removes a record that is in the index, before its key changes. */
  remove(ref: number): void {
    this.count--;
    const hash = this.hashOf(ref);
    const { slots, mask } = this;
    let i = hash & mask;
    while (slots[i] !== EMPTY && slots[i] !== ref + 1) i = (i + 1) & mask;
    if (slots[i] !== EMPTY) this.close(i);
    else this.bury(hash, ref);
    this.step();
    if (this.count * 16 < this.slots.length && this.slots.length > MIN_SLOTS && this.old === null) {
      this.resize(Math.max(this.slots.length / 4, MIN_SLOTS));
    }
  }

  private put(ref: number): void {
    const { slots, mask } = this;
    let i = this.hashOf(ref) & mask;
    while (slots[i] !== EMPTY) i = (i + 1) & mask;
    slots[i] = ref + 1;
  }

  /** Empties slot `gap` and moves back what the gap would make unreachable. */
  private close(gap: number): void {
    const { slots, mask } = this;
    for (let i = (gap + 1) & mask; slots[i] !== EMPTY; i = (i + 1) & mask) {
      const home = this.hashOf(slots[i]! - 1) & mask;
      if (((i - home) & mask) >= ((i - gap) & mask)) {
        slots[gap] = slots[i]!;
        gap = i;
      }
    }
    slots[gap] = EMPTY;
  }

  private findInOld(old: Int32Array, hash: number): number {
    const mask = old.length - 1;
    for (let i = hash & mask; old[i] !== EMPTY; i = (i + 1) & mask) {
      const ref = old[i]! - 1;
      if (ref >= 0 && this.isSought(ref)) return ref;
    }
    return -1;
  }

  private bury(hash: number, ref: number): void {
    const old = this.old!;
    const mask = old.length - 1;
    let i = hash & mask;
    while (old[i] !== ref + 1) i = (i + 1) & mask;
    old[i] = TOMBSTONE;
  }

  private resize(slotCount: number): void {
    while (this.old !== null) this.step();
    this.old = this.slots;
    this.oldCursor = 0;
    this.slots = new Int32Array(slotCount);
    this.mask = slotCount - 1;
  }

  private step(): void {
    const old = this.old;
    if (old === null) return;
    const end = Math.min(this.oldCursor + SLOTS_PER_STEP, old.length);
    for (let i = this.oldCursor; i < end; i++) {
      const slot = old[i]!;
      if (slot === EMPTY || slot === TOMBSTONE) continue;
      this.put(slot - 1);
      old[i] = TOMBSTONE;
    }
    this.oldCursor = end;
    if (end === old.length) this.old = null;
  }
}
