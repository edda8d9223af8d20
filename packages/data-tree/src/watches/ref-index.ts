/**
 * A hash set of record numbers. The records themselves hold the keys; a slot keeps the number and the hash, 8 bytes, so
 * that a record is looked at only when it is almost certainly the one sought, and never when slots move.
 *
 * Open addressing with linear probing. The table grows by half when four fifths are full, so a record costs 10 to 15
 * bytes here. A resize happens in steps: the old table stays beside the new one and every insertion or removal moves a
 * few of its slots, so no single call takes long. Nothing is inserted into the old table any more, so removal may leave
 * a tombstone there; in the new one it closes the gap.
 */

const EMPTY = 0;
const TOMBSTONE = -1;
const MIN_SLOTS = 16;
/** Slots of the old table moved per change: enough to be done before the new table can fill up. */
const SLOTS_PER_STEP = 16;

export class RefIndex {
  /** Per slot the record number + 1, or EMPTY, and the hash. */
  private slots = new Int32Array(MIN_SLOTS * 2);
  private size = MIN_SLOTS;
  private old: Int32Array | null = null;
  private oldCursor = 0;
  private used = 0;

  /** @param isSought whether a record, whose hash is the one given to {@link find}, is the one sought */
  constructor(private readonly isSought: (ref: number) => boolean) {}

  get count(): number {
    return this.used;
  }

  /** The record with this hash that is the one sought; -1 for none. */
  find(hash: number): number {
    const found = this.findIn(this.slots, this.size, hash);
    return found >= 0 || this.old === null ? found : this.findIn(this.old, this.old.length / 2, hash);
  }

  /** Adds a record that is not in the index. */
  insert(ref: number, hash: number): void {
    if ((this.used + 1) * 5 > this.size * 4) this.resize((this.size * 3) / 2);
    if (this.old !== null) this.step(this.old);
    this.put(ref + 1, hash);
    this.used++;
  }

  /** Removes a record that is in the index. */
  remove(ref: number, hash: number): void {
    this.used--;
    const { slots, size } = this;
    let i = home(hash, size);
    while (slots[i * 2] !== EMPTY && slots[i * 2] !== ref + 1) i = i + 1 === size ? 0 : i + 1;
    if (slots[i * 2] !== EMPTY) this.close(i);
    else this.bury(ref, hash);
    if (this.old !== null) this.step(this.old);
    else if (this.used * 16 < size && size > MIN_SLOTS) this.resize(Math.max((size >> 3) * 2, MIN_SLOTS));
  }

  private findIn(slots: Int32Array, size: number, hash: number): number {
    for (let i = home(hash, size); slots[i * 2] !== EMPTY; i = i + 1 === size ? 0 : i + 1) {
      if (slots[i * 2 + 1] !== hash || slots[i * 2] === TOMBSTONE) continue;
      const ref = slots[i * 2]! - 1;
      if (this.isSought(ref)) return ref;
    }
    return -1;
  }

  private put(slot: number, hash: number): void {
    const { slots, size } = this;
    let i = home(hash, size);
    while (slots[i * 2] !== EMPTY) i = i + 1 === size ? 0 : i + 1;
    slots[i * 2] = slot;
    slots[i * 2 + 1] = hash;
  }

  /** Empties slot `gap` and moves back what the gap would make unreachable. */
  private close(gap: number): void {
    const { slots, size } = this;
    for (let i = gap + 1 === size ? 0 : gap + 1; slots[i * 2] !== EMPTY; i = i + 1 === size ? 0 : i + 1) {
      const hash = slots[i * 2 + 1]!;
      const fromHome = i - home(hash, size);
      const fromGap = i - gap;
      if ((fromHome < 0 ? fromHome + size : fromHome) < (fromGap < 0 ? fromGap + size : fromGap)) continue;
      slots[gap * 2] = slots[i * 2]!;
      slots[gap * 2 + 1] = hash;
      gap = i;
    }
    slots[gap * 2] = EMPTY;
  }

  private bury(ref: number, hash: number): void {
    const old = this.old!;
    const size = old.length / 2;
    let i = home(hash, size);
    while (old[i * 2] !== ref + 1) i = i + 1 === size ? 0 : i + 1;
    old[i * 2] = TOMBSTONE;
  }

  private resize(size: number): void {
    while (this.old !== null) this.step(this.old);
    this.old = this.slots;
    this.oldCursor = 0;
    this.size = size + (size & 1);
    this.slots = new Int32Array(this.size * 2);
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

/** Where a hash belongs in a table of any size: its upper bits decide. */
function home(hash: number, size: number): number {
  return Math.floor((hash >>> 0) * size * 2 ** -32);
}
