import { adler32, copyBytes, writeInt32 } from '@zk/jute';
import {
  END_OF_RECORD,
  ENTRY_FRAME_BYTES,
  ENTRY_HEAD_BYTES,
  FILE_HEADER_BYTES,
  writeLogHeader,
} from './file-format.js';

/** Large enough for a batch of a thousand typical entries, small enough to be written without a pause that others feel. */
const PIECE_BYTES = 256 * 1024;

/** Pieces kept for use again; more exist only while the medium is slower than the appends. */
const SPARE_PIECES = 4;

/** A buffer that is filled from the front. */
export interface Piece {
  readonly bytes: Uint8Array;
  length: number;
}

/** Buffers of one size that have been used before, which spares the allocator and the page faults. */
export class PiecePool {
  readonly #spare: Piece[] = [];

  take(atLeastBytes: number): Piece {
    if (atLeastBytes > PIECE_BYTES) return { bytes: new Uint8Array(atLeastBytes), length: 0 };
    return this.#spare.pop() ?? { bytes: new Uint8Array(PIECE_BYTES), length: 0 };
  }

  give(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      if (this.#spare.length === SPARE_PIECES) return;
      if (piece.bytes.length !== PIECE_BYTES) continue;
      piece.length = 0;
      this.#spare.push(piece);
    }
  }
}

/**
 * Entries of one file, encoded as they will lie there, that become durable with one sync. An entry never crosses two
 * pieces.
 */
export class LogSegment {
  readonly pieces: Piece[] = [];
  entries = 0;
  bytes = 0;
  lastHi = 0;
  lastLo = 0;
  /** Somebody asked for these to become durable. */
  isWanted = false;
  #piece: Piece;
  readonly #pool: PiecePool;

  /** @param fileName the file that the segment begins; undefined when it continues the one before */
  constructor(
    pool: PiecePool,
    readonly fileName: string | undefined,
  ) {
    this.#pool = pool;
    this.#piece = this.#take(FILE_HEADER_BYTES);
    if (fileName !== undefined) {
      this.#piece.length = writeLogHeader(this.#piece.bytes, 0);
      this.bytes = FILE_HEADER_BYTES;
    }
  }

  append(zxidHi: number, zxidLo: number, payload: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const size = length + ENTRY_FRAME_BYTES;
    if (this.#piece.length + size > this.#piece.bytes.length) this.#piece = this.#take(size);
    const { bytes, length: at } = this.#piece;
    writeInt32(bytes, at, 0);
    writeInt32(bytes, at + 4, adler32(payload, start, end));
    writeInt32(bytes, at + 8, length);
    const next = copyBytes(payload, start, end, bytes, at + ENTRY_HEAD_BYTES);
    bytes[next] = END_OF_RECORD;
    this.#piece.length = next + 1;
    this.bytes += size;
    this.entries++;
    this.lastHi = zxidHi;
    this.lastLo = zxidLo;
  }

  #take(atLeastBytes: number): Piece {
    const piece = this.#pool.take(atLeastBytes);
    this.pieces.push(piece);
    return piece;
  }
}
