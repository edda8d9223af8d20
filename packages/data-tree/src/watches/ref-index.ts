/**
 * A hash set of record numbers. The records themselves hold the keys; a slot keeps the number and the hash, 8 bytes, so
 * that a record is looked at only when it is almost certainly the one sought, and never when slots move.
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
  /** Per slot the record number + 1, or EMPTY, and the hash. */
  private slots = new Int32Array(MIN_SLOTS * 2);
  private mask = MIN_SLOTS - 1;
  private old: Int32Array | null = null;
  private oldCursor = 0;
  private count = 0;

  /** @param isSought whether a record, whose hash is the one given to {@link find}, is the one sought */
  constructor(private readonly isSought: (ref: number) => boolean) {}

  get size(): number {
    return this.count;
  }

  /** The record with this hash that is the one sought; -1 for none. */
  find(hash: number): number {
    const { slots, mask } = this;
    for (let i = hash & mask; slots[i * 2] !== EMPTY; i = (i + 1) & mask) {
      if (slots[i * 2 + 1] === hash && this.isSought(slots[i * 2]! - 1)) return slots[i * 2]! - 1;
    }
    return this.old === null ? -1 : this.findInOld(this.old, hash);
  }

  /** Adds a record that is not in the index. */
  insert(ref: number, hash: number): void {
    if ((this.count + 1) * 4 > (this.mask + 1) * 3) this.resize((this.mask + 1) * 2);
    if (this.old !== null) this.step(this.old);
    this.put(ref + 1, hash);
    this.count++;
  }

  /** Removes a record that is in the index. */
  remove(ref: number, hash: number): void {
    this.count--;
    const { slots, mask } = this;
    let i = hash & mask;
    while (slots[i * 2] !== EMPTY && slots[i * 2] !== ref + 1) i = (i + 1) & mask;
    if (slots[i * 2] !== EMPTY) this.close(i);
    else this.bury(ref, hash);
    if (this.old !== null) this.step(this.old);
    else if (this.count * 16 < mask + 1 && mask + 1 > MIN_SLOTS) this.resize(Math.max((mask + 1) / 4, MIN_SLOTS));
  }

  private put(slot: number, hash: number): void {
    const { slots, mask } = this;
    let i = hash & mask;
    while (slots[i * 2] !== EMPTY) i = (i + 1) & mask;
    slots[i * 2] = slot;
    slots[i * 2 + 1] = hash;
  }

  /** Empties slot `gap` and moves back what the gap would make unreachable. */
  private close(gap: number): void {
    const { slots, mask } = this;
    for (let i = (gap + 1) & mask; slots[i * 2] !== EMPTY; i = (i + 1) & mask) {
      const hash = slots[i * 2 + 1]!;
      if (((i - hash) & mask) < ((i - gap) & mask)) continue;
      slots[gap * 2] = slots[i * 2]!;
      slots[gap * 2 + 1] = hash;
      gap = i;
    }
    slots[gap * 2] = EMPTY;
  }

  private findInOld(old: Int32Array, hash: number): number {
    const mask = old.length / 2 - 1;
    for (let i = hash & mask; old[i * 2] !== EMPTY; i = (i + 1) & mask) {
      const slot = old[i * 2]!;
      if (slot !== TOMBSTONE && old[i * 2 + 1] === hash && this.isSought(slot - 1)) return slot - 1;
    }
    return -1;
  }

  private bury(ref: number, hash: number): void {
    const old = this.old!;
    const mask = old.length / 2 - 1;
    let i = hash & mask;
    while (old[i * 2] !== ref + 1) i = (i + 1) & mask;
    old[i * 2] = TOMBSTONE;
  }

  private resize(slotCount: number): void {
    while (this.old !== null) this.step(this.old);
    this.old = this.slots;
    this.oldCursor = 0;
    this.slots = new Int32Array(slotCount * 2);
    this.mask = slotCount - 1;
  }

  private step(old: Int32Array): void {
    const end = Math.min(this.oldCursor + SLOTS_PER_STEP, old.length / 2);
    for (let i = this.oldCursor; i < end; i++) {
      const slot = old[i * 2]!;
      if (slot === EMPTY || slot === TOMBSTONE) continue;
      this.put(slot, old[i * 2 + 1]!);
      old[i * 2] = TOMBSTONE;
    }
    this.oldCursor = end;
    if (end * 2 === old.length) this.old = null;
  }
}
