import { copyBytes, writeInt32 } from '@zk/jute';
import type { TxnArena, TxnChunk } from './txn-arena.js';

/** Bytes of a TxnHeader. */
const TXN_HEADER_BYTES = 32;
/** Bytes of a TxnDigest. */
const TXN_DIGEST_BYTES = 12;
const DIGEST_VERSION = 2;
const SMALL_RECORD_BYTES = 64;

/**
 * Encodes one transaction at a time into the arena: header, record, digest (spec: disk format, section 3). The
 * position may be set back, which is how a request that turns out to fail becomes an error transaction.
 */
export class TxnWriter {
  bytes: Uint8Array;
  at = 0;
  start = 0;

  constructor(private readonly arena: TxnArena) {
    this.bytes = arena.chunk.bytes;
  }

  /** Begins a transaction: room for the header, and for the record of one that fails. */
  begin(): void {
    this.arena.reserve(TXN_HEADER_BYTES + SMALL_RECORD_BYTES + TXN_DIGEST_BYTES);
    this.bytes = this.arena.chunk.bytes;
    this.start = this.arena.position;
    this.at = this.start + TXN_HEADER_BYTES;
  }

  /** Makes room for `count` more bytes of the record. May move the transaction: take no position before it. */
  ensure(count: number): void {
    if (this.at + count + TXN_DIGEST_BYTES <= this.bytes.length) return;
    const { bytes, start } = this;
    const written = this.at - start;
    // Twice as much as there is: a long multi asks for room again and again.
    this.arena.reserve(Math.max(written + count + TXN_DIGEST_BYTES, 2 * written));
    this.bytes = this.arena.chunk.bytes;
    this.start = this.arena.position;
    this.at = copyBytes(bytes, start, start + written, this.bytes, this.start);
  }

  /** Ends the transaction: its bytes stay until their chunk is released. */
  commit(): TxnChunk {
    const chunk = this.arena.chunk;
    this.arena.commit(this.at);
    return chunk;
  }

  /** Bytes of the transaction so far, with the digest that may follow. */
  get length(): number {
    return this.at - this.start + TXN_DIGEST_BYTES;
  }

  header(
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    zxidHi: number,
    zxidLo: number,
    wallMs: number,
    type: number,
  ): void {
    const { bytes, start } = this;
    writeInt32(bytes, start, sessionHi);
    writeInt32(bytes, start + 4, sessionLo);
    writeInt32(bytes, start + 8, cxid);
    writeInt32(bytes, start + 12, zxidHi);
    writeInt32(bytes, start + 16, zxidLo);
    writeInt32(bytes, start + 20, Math.floor(wallMs / 0x1_0000_0000));
    writeInt32(bytes, start + 24, wallMs >>> 0);
    writeInt32(bytes, start + 28, type);
  }

  /** Replaces whatever was written by an error record. The header is written by the caller. */
  error(code: number): void {
    this.at = this.start + TXN_HEADER_BYTES;
    this.int32(code);
  }

  /** Takes the record back. */
  empty(): void {
    this.at = this.start + TXN_HEADER_BYTES;
  }

  digest(hi: number, lo: number): void {
    this.int32(DIGEST_VERSION);
    this.int32(hi);
    this.int32(lo);
  }

  int32(value: number): void {
    writeInt32(this.bytes, this.at, value);
    this.at += 4;
  }

  boolean(value: boolean): void {
    this.bytes[this.at++] = value ? 1 : 0;
  }

  /** Bytes as they are. */
  raw(source: Uint8Array, start: number, end: number): void {
    this.at = copyBytes(source, start, end, this.bytes, this.at);
  }

  /** A string or buffer with its length. */
  range(source: Uint8Array, start: number, end: number): void {
    this.int32(end - start);
    this.raw(source, start, end);
  }
}
