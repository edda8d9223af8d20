import { int64, type Zxid } from '@zk/model';

/** The digest of the tree after a transaction. */
export interface ZxidDigest {
  readonly zxid: Zxid;
  readonly digest: bigint;
}

const LIMIT = 1024;

/** Digests at past zxids, oldest first, so that the trees of two servers can be compared (spec: server semantics, section 17). */
export class DigestHistory {
  private readonly ring: ZxidDigest[] = [];
  private next = 0;

  add(zxidHi: number, zxidLo: number, digest: { readonly hi: number; readonly lo: number }): void {
    this.ring[this.next] = { zxid: int64(zxidHi, zxidLo), digest: int64(digest.hi, digest.lo) };
    this.next = (this.next + 1) % LIMIT;
  }

  entries(): readonly ZxidDigest[] {
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
  }
}
