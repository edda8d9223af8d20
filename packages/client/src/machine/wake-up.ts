/** A timer that is late by more than this may be ahead of bytes that have long been there. */
const LATE_MS = 50;

/** The one timer: set when something earlier comes up, never moved back, since looking in vain is cheap. */
export class WakeUp {
  private atMs = Infinity;

  constructor(private readonly wakeAt: (monotonicMs: number) => void) {}

  arm(dueMs: number): void {
    if (dueMs >= this.atMs) return;
    this.atMs = dueMs;
    this.wakeAt(dueMs);
  }

  /** It has rung. @returns whether it is late, as in a process that was busy */
  rang(nowMs: number): boolean {
    const isLate = nowMs - this.atMs > LATE_MS;
    this.atMs = Infinity;
    return isLate;
  }

  cancel(): void {
    this.atMs = Infinity;
    this.wakeAt(Infinity);
  }
}
