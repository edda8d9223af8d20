import { readInt32 } from '@zk/jute';

/** What is to become of a frame. */
export type Verdict = 'pass' | 'drop' | 'stall';

/** A frame that is not simply to pass. */
export interface Hit {
  readonly verdict: 'drop' | 'stall';
  /** Where it begins, or where the bytes at hand do if it began in earlier ones. */
  readonly at: number;
  /** Where scanning goes on. */
  readonly next: number;
}

/** Longer frames are none: these bytes are a four-letter word, or no protocol of ours. */
const MAX_FRAME_BYTES = 128 * 1024 * 1024;
const LENGTH_BYTES = 4;
const MAX_HEADER_BYTES = 24;

/**
 * Finds the frames in one direction of a connection and shows the first bytes of each, whatever pieces they come in.
 * Nothing is held back for that: of a frame that is to be dropped, the first few bytes may have passed already.
 */
export class HeaderScanner {
  private readonly header = new Uint8Array(LENGTH_BYTES + MAX_HEADER_BYTES);
  private have = 0;
  private need = LENGTH_BYTES;
  private bodyBytesLeft = 0;
  private isOpaque = false;

  /**
   * @param judge is shown the header (without the length) and the length of the frame, once per frame
   * @param headerBytes how much of the next frame the judge wants to see
   */
  constructor(
    private readonly judge: (header: Uint8Array, lengthBytes: number) => Verdict,
    private readonly headerBytes: () => number,
  ) {}

  /** Looks through `bytes[start, end)`, up to the first frame that is not to pass. */
  scan(bytes: Uint8Array, start: number, end: number): Hit | undefined {
    let frameAt = start;
    for (let at = start; at < end && !this.isOpaque;) {
      if (this.bodyBytesLeft > 0) {
        const skipped = Math.min(this.bodyBytesLeft, end - at);
        this.bodyBytesLeft -= skipped;
        at += skipped;
        continue;
      }
      if (this.have === 0) frameAt = at;
      this.header[this.have++] = bytes[at++]!;
      if (this.have === LENGTH_BYTES) this.learnLength();
      if (this.have < this.need || this.isOpaque) continue;
      const verdict = this.endHeader();
      if (verdict !== 'pass') return { verdict, at: frameAt, next: at };
    }
    return undefined;
  }

  private learnLength(): void {
    const length = readInt32(this.header, 0);
    if (length < 0 || length > MAX_FRAME_BYTES) this.isOpaque = true;
    else this.need = LENGTH_BYTES + Math.min(length, this.headerBytes(), MAX_HEADER_BYTES);
  }

  private endHeader(): Verdict {
    const length = readInt32(this.header, 0);
    this.bodyBytesLeft = length - (this.have - LENGTH_BYTES);
    const header = this.header.subarray(LENGTH_BYTES, this.have);
    this.have = 0;
    this.need = LENGTH_BYTES;
    return this.judge(header, length);
  }
}
