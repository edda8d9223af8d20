const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 60_000;

/** While connected to a read-only server: when to ask another one whether it takes writes. As in Apache's client. */
export class WritableSearch {
  dueMs = Infinity;
  private delayMs = FIRST_DELAY_MS;

  begin(nowMs: number): void {
    this.delayMs = FIRST_DELAY_MS;
    this.dueMs = nowMs + this.delayMs;
  }

  /** The next answer decides. */
  asked(): void {
    this.dueMs = Infinity;
  }

  failed(nowMs: number): void {
    this.delayMs = Math.min(LAST_DELAY_MS, this.delayMs * 2);
    this.dueMs = nowMs + this.delayMs;
  }

  end(): void {
    this.dueMs = Infinity;
  }
}
