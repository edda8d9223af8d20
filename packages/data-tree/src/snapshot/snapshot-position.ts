import { CorruptionError } from '@zk/model';
import { adler32, readInt32 } from '@zk/jute';

const ADVICE = 'Move it away and start again from an older snapshot, or restore it from a backup.';
const SLASH = 0x2f;

/** How far a snapshot has been read, with the checksum of everything before; tells damage by where it lies. */
export class SnapshotPosition {
  /** Of everything consumed, and how many bytes that is. */
  checksum = 1;
  offset = 0;
  /** Where in the bytes in hand checksum and offset have come to. */
  settled = 0;

  constructor(
    /** How the snapshot is called in messages. */
    private readonly file: string,
    /** Whether it has seals: streams have none. */
    private readonly isSealed: boolean,
    private readonly maxLengthBytes: number,
  ) {}

  /** Takes what lies before `to` into the checksum. */
  settle(bytes: Uint8Array, to: number): void {
    if (this.isSealed) this.checksum = adler32(bytes, this.settled, to, this.checksum);
    this.offset += to - this.settled;
    this.settled = to;
  }

  /** @throws CorruptionError for a length that cannot be */
  lengthAt(bytes: Uint8Array, at: number, what: string): number {
    const length = readInt32(bytes, at);
    if (length < -1 || length > this.maxLengthBytes) throw this.damage(at, `a ${what} of ${length} bytes`);
    return length;
  }

  /**
   * The checksum must have been settled up to the seal.
   * @throws CorruptionError
   */
  checkSeal(bytes: Uint8Array, at: number): void {
    const found = readInt32(bytes, at + 4) >>> 0;
    if (readInt32(bytes, at) !== 0 || found !== this.checksum) {
      throw this.damage(at, `the checksum is ${hex(this.checksum)}, the seal says ${hex(found)}`);
    }
    if (readInt32(bytes, at + 8) !== 1 || bytes[at + 12] !== SLASH) throw this.damage(at + 8, 'the seal has no end');
  }

  damage(at: number, detail: string): CorruptionError {
    return new CorruptionError(this.file, this.offset + at - this.settled, detail, ADVICE);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
