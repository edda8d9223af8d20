import { readInt32 } from '@zk/jute';
import type { DigestSum } from './digest.js';

const TXN_DIGEST_BYTES = 12;
const DIGEST_VERSION = 2;
/** More transactions than are applied while a snapshot goes from a leader to a learner, in all likelihood. */
const MAX_UNPROVED = 100_000;

/** The digest that a tree must have behind the transaction of a zxid. */
export interface DigestOfZxid {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly hi: number;
  readonly lo: number;
}

/** Compares the digest of a tree with those that were written down with its snapshot and with each transaction. */
export class DigestProof {
  /** Until this zxid the tree is fuzzy, and digests are not compared; undefined when it is not. */
  private fuzzyUntil: DigestOfZxid | undefined;
  /**
   * The snapshot's digest, when the tree differed from it. A writer that notes the digest after it has changed the tree, as
   * Apache ZooKeeper does, may have written the next change into a snapshot with the digest before it. The digest of
   * that change, which is in the log, then agrees.
   */
  private doubted: DigestOfZxid | undefined;
  /**
   * Digests that may still differ before one agrees: nothing says where a snapshot without a digest of its own ceases to be
   * fuzzy, and a transaction that it has already leads to another tree. 0: each one must agree.
   */
  private unprovedCount = 0;

  constructor(
    private readonly digest: DigestSum,
    private readonly onMismatch: ((zxidHi: number, zxidLo: number) => void) | undefined,
  ) {}

  /** Whether the tree has exactly what its last zxid says, as far as is known. */
  get isProved(): boolean {
    return !this.isFuzzy && this.unprovedCount === 0 && this.doubted === undefined;
  }

  get isFuzzy(): boolean {
    return this.fuzzyUntil !== undefined;
  }

  /** The tree is that of a snapshot, with the digest that came with it. */
  loaded(digest: DigestOfZxid | undefined): void {
    this.fuzzyUntil = digest;
    this.doubted = undefined;
    this.unprovedCount = digest === undefined ? MAX_UNPROVED : 0;
  }

  /** Once the zxid of the snapshot's digest is reached, compares; from the next transaction on, each one is compared. */
  reached(zxidHi: number, zxidLo: number): void {
    const wanted = this.fuzzyUntil;
    if (wanted === undefined) return;
    const isThere = zxidHi === wanted.zxidHi && zxidLo === wanted.zxidLo;
    const isBeyond = zxidHi > wanted.zxidHi || (zxidHi === wanted.zxidHi && zxidLo >>> 0 > wanted.zxidLo >>> 0);
    if (!isThere && !isBeyond) return;
    this.fuzzyUntil = undefined;
    if (isThere && (wanted.hi !== this.digest.hi || wanted.lo !== this.digest.lo)) this.doubted = wanted;
  }

  /** No transaction follows that could explain why the digest of the snapshot differs: it is wrong. */
  settle(): void {
    const { doubted } = this;
    this.doubted = undefined;
    if (doubted !== undefined) this.onMismatch?.(doubted.zxidHi, doubted.zxidLo);
  }

  /** Compares with the TxnDigest in `bytes[at, end)`, if there is one, of the transaction that was applied last. */
  compare(bytes: Uint8Array, at: number, end: number, zxidHi: number, zxidLo: number): void {
    if (end - at < TXN_DIGEST_BYTES || readInt32(bytes, at) !== DIGEST_VERSION) return;
    if (readInt32(bytes, at + 4) === this.digest.hi && readInt32(bytes, at + 8) === this.digest.lo) {
      this.unprovedCount = 0;
      this.doubted = undefined;
    } else if (this.unprovedCount > 0) {
      this.unprovedCount--;
    } else {
      this.settle();
      this.onMismatch?.(zxidHi, zxidLo);
    }
  }
}
