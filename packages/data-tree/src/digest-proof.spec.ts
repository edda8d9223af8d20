import { writeInt32 } from '@zk/jute';
import { DigestSum } from './digest.js';
import { DigestProof } from './digest-proof.js';

/** What is behind a transaction: version and digest. */
function txnDigest(lo: number): Uint8Array {
  const bytes = new Uint8Array(12);
  writeInt32(bytes, 0, 2);
  writeInt32(bytes, 8, lo);
  return bytes;
}

/** A tree whose digest is a number, loaded from a snapshot that says it is 10 at zxid 5. */
class Rig {
  readonly mismatches: number[] = [];
  private readonly digest = new DigestSum();
  private readonly proof = new DigestProof(this.digest, (_hi, lo) => this.mismatches.push(lo));

  constructor() {
    this.proof.loaded({ zxidHi: 0, zxidLo: 5, hi: 0, lo: 10 });
  }

  get isProved(): boolean {
    return this.proof.isProved;
  }

  /** The tree is at a zxid, with a digest; its transaction says what it should be. */
  at(zxid: number, is: number, shouldBe = is): this {
    this.digest.hi = 0;
    this.digest.lo = is;
    if (this.proof.isFuzzy) this.proof.reached(0, zxid);
    else this.proof.compare(txnDigest(shouldBe), 0, 12, 0, zxid);
    return this;
  }

  settle(): this {
    this.proof.settle();
    return this;
  }
}

describe('the digest of a snapshot', () => {
  it('says nothing of the tree before its zxid', () => {
    const rig = new Rig().at(4, 99);
    expect(rig.isProved).toBe(false);
    expect(rig.at(5, 10).isProved).toBe(true);
  });

  it('is looked at when its zxid is reached, and the digests before it are not', () => {
    expect(new Rig().at(3, 99, 1).at(4, 98, 2).at(5, 10).at(6, 11).settle().mismatches).toEqual([]);
  });

  it('may be that of the change before the last one in the snapshot', () => {
    const rig = new Rig().at(5, 11);
    expect(rig.isProved).toBe(false);
    rig.at(6, 11);
    expect(rig.isProved).toBe(true);
    expect(rig.settle().mismatches).toEqual([]);
  });

  it('is wrong when the next transaction does not explain why it differs', () => {
    expect(new Rig().at(5, 77).at(6, 78, 11).at(7, 79, 79).mismatches).toEqual([5, 6]);
  });

  it('is wrong when no transaction follows', () => {
    expect(new Rig().at(5, 77).settle().settle().mismatches).toEqual([5]);
  });

  it('once agreed, is followed by transactions of which each must agree', () => {
    expect(new Rig().at(5, 10).at(6, 11, 12).at(7, 13, 13).mismatches).toEqual([6]);
  });
});
