import { adler32, writeInt32 } from '@zk/jute';
import type { Clock } from '@zk/contracts';
import type { SnapshotSink } from '../src/index.js';

/** Keeps a snapshot in memory and seals it as a SnapshotWriter does. */
export class MemorySink implements SnapshotSink {
  readonly pieces: Uint8Array[] = [];
  private checksum = 1;

  write(piece: Uint8Array<ArrayBuffer>): void {
    if (piece.byteLength !== piece.buffer.byteLength) throw new Error('a piece must own its whole buffer');
    this.pieces.push(piece);
    this.checksum = adler32(piece, 0, piece.length, this.checksum);
  }

  seal(): void {
    const seal = new Uint8Array(13);
    writeInt32(seal, 4, this.checksum);
    seal.set([0, 0, 0, 1, 0x2f], 8);
    this.write(seal);
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.pieces));
  }
}

/** A clock that goes on by `stepMs` each time somebody looks. */
export function tickingClock(stepMs: number): Clock {
  let nowMs = 0;
  return { wallMs: () => 0, monotonicMs: () => (nowMs += stepMs) };
}
