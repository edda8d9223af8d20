import { type Connection, WrappingConnection } from '@zk/contracts';

/**
 * A connection on which the first thing written, an introduction, leaves at once, and everything after it when it is told
 * to: in between the other end asks for a proof.
 */
export class IntroducingConnection extends WrappingConnection implements Connection {
  private isIntroduced = false;
  private isReleased = false;
  private isEnding = false;
  private isReadingPaused = false;
  private held: Uint8Array[] = [];

  constructor(
    inner: Connection,
    private readonly onIntroduced: () => void,
  ) {
    super(inner);
  }

  get bufferedBytes(): number {
    return this.inner.bufferedBytes + this.held.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isReleased) return this.inner.write(bytes, start, end);
    const copy = bytes.slice(start, end);
    if (this.isIntroduced) {
      if (!this.isEnding) this.held.push(copy);
      return true;
    }
    this.isIntroduced = true;
    this.inner.write(copy, 0, copy.length);
    this.onIntroduced();
    return true;
  }

  pauseReading(): void {
    this.isReadingPaused = true;
    if (this.isReleased) this.inner.pauseReading();
  }

  resumeReading(): void {
    this.isReadingPaused = false;
    if (this.isReleased) this.inner.resumeReading();
  }

  end(): void {
    this.isEnding = true;
    if (this.isReleased) this.inner.end();
  }

  destroy(): void {
    this.inner.destroy();
  }

  /** The other end is convinced: what was held back leaves. */
  release(): void {
    this.isReleased = true;
    for (const bytes of this.held.splice(0)) this.inner.write(bytes, 0, bytes.length);
    if (this.isReadingPaused) this.inner.pauseReading();
    if (this.isEnding) this.inner.end();
  }
}
