/** Values below this have a slot of their own. */
const LINEAR = 1024;
const LINEAR_BITS = 10;
/** Above it, each power of two is cut into so many slots: 12 % is as exact as percentiles need to be. */
const PARTS_BITS = 3;
const SLOTS = LINEAR + ((31 - LINEAR_BITS) << PARTS_BITS);
const MAX = 0x7fff_ffff;

/**
 * Counts values by size, so that percentiles can be told without keeping the values. Noting one is an increment: it is
 * done for every request.
 */
export class Histogram {
  private readonly slots = new Float64Array(SLOTS);

  /** @param value 0 or more; rounded to a whole number */
  add(value: number): void {
    this.slots[slotOf(value)]!++;
  }

  get count(): number {
    let count = 0;
    for (const inSlot of this.slots) count += inSlot;
    return count;
  }

  /** The least value that so large a part of all values does not exceed: 0 to 1; 0 when there is none. */
  percentile(part: number): number {
    const wanted = Math.max(1, Math.ceil(part * this.count));
    let seen = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      seen += this.slots[slot]!;
      if (seen >= wanted) return valueOf(slot);
    }
    return 0;
  }

  /** What is left without the values of another histogram, all of which are in this one. */
  without(other: Histogram): Histogram {
    const rest = new Histogram();
    for (let slot = 0; slot < SLOTS; slot++) rest.slots[slot] = this.slots[slot]! - other.slots[slot]!;
    return rest;
  }

  clear(): void {
    this.slots.fill(0);
  }
}

function slotOf(value: number): number {
  const whole = value < MAX ? (value + 0.5) | 0 : MAX;
  if (whole < LINEAR) return whole;
  const power = 31 - Math.clz32(whole);
  const part = (whole >>> (power - PARTS_BITS)) & ((1 << PARTS_BITS) - 1);
  return LINEAR + ((power - LINEAR_BITS) << PARTS_BITS) + part;
}

/** The least value of a slot. */
function valueOf(slot: number): number {
  if (slot < LINEAR) return slot;
  const power = LINEAR_BITS + ((slot - LINEAR) >>> PARTS_BITS);
  const part = (slot - LINEAR) & ((1 << PARTS_BITS) - 1);
  return 2 ** power + part * 2 ** (power - PARTS_BITS);
}
