/**
 * When to ping, and when to give up a silent connection. A ping leaves when nothing else was sent for a third of the
 * session timeout; nothing received for two thirds means that the connection is dead, whatever the platform believes:
 * a half-open socket looks open for hours.
 */
export class Heartbeat {
  private intervalMs = Infinity;
  private lastSentMs = 0;
  private lastReceivedMs = 0;
  private pingSentMs: number | undefined;

  begin(nowMs: number): void {
    this.lastSentMs = this.lastReceivedMs = nowMs;
    this.pingSentMs = undefined;
    this.intervalMs = Infinity;
  }

  /** Both ends know the timeout of the session. */
  agreed(sessionTimeoutMs: number): void {
    this.intervalMs = sessionTimeoutMs / 3;
  }

  get readTimeoutMs(): number {
    return this.intervalMs * 2;
  }

  /** When something has to be done next. */
  get dueMs(): number {
    return Math.min(this.pingDueMs, this.lastReceivedMs + this.readTimeoutMs);
  }

  isSilent(nowMs: number): boolean {
    return nowMs - this.lastReceivedMs >= this.readTimeoutMs;
  }

  isPingDue(nowMs: number): boolean {
    return nowMs >= this.pingDueMs;
  }

  sent(nowMs: number): void {
    this.lastSentMs = nowMs;
  }

  received(nowMs: number): void {
    this.lastReceivedMs = nowMs;
  }

  pinged(nowMs: number): void {
    this.pingSentMs = nowMs;
  }

  /** @returns when the ping that is answered now was sent */
  answered(): number {
    const sentMs = this.pingSentMs ?? -Infinity;
    this.pingSentMs = undefined;
    return sentMs;
  }

  private get pingDueMs(): number {
    return this.pingSentMs === undefined ? this.lastSentMs + this.intervalMs : Infinity;
  }
}
