/**
 * How a znode is kept. Each has a short record of 14 words of 32 bits. Most znodes were never changed, have no child and
 * no owner, so that czxid and ctime tell their whole Stat: the record holds these. Any other znode has a Stat record as
 * well, of 15 words in the order of a snapshot; its short record then tells in the place of czxid and ctime where that
 * is, and what only such a znode has.
 */

/** Words of a short record; the first ones have two meanings. 64-bit values take two words, `…Hi` first. */
export const Word = Object.freeze({
  /** While there is no {@link Flag.stat}. */
  czxidHi: 0,
  czxidLo: 1,
  ctimeHi: 2,
  ctimeLo: 3,
  /** With it: the number of the Stat record. */
  stat: 0,
  /** -1 when there is none. */
  firstChild: 1,
  childCount: 2,
  /** Znodes below it, at any depth; not kept for the root. */
  descendants: 3,
  /** -1 for null, which clients see as 0. */
  dataLength: 4,
  /** The flags in the upper 8 bits, the length of the name in bytes in the lower 24. */
  flagsAndName: 5,
  /** Where the bytes are: see ByteSlabs. The name comes first, the data right behind it. */
  bytesRef: 6,
  /** The state of the hash after the whole path: children continue from here. */
  pathHash: 7,
  /** Znode id of the parent; -1 for the root. */
  parent: 8,
  nextSibling: 9,
  prevSibling: 10,
  aclKey: 11,
  /** CRC-32 of path and data; 0 where the znode adds nothing to the digest. Survives changes of the Stat. */
  crcPathData: 12,
  /** What this znode adds to the digest of the tree: CRC-32 of path, data and Stat; 0 where it adds nothing. */
  crc: 13,
});

export const ZNODE_WORDS = 14;

/**
 * What whoever validates changes needs of a znode, whatever it is kept as: the Stat as a snapshot has it, which is all
 * there is in a Stat record, then the CRCs.
 */
export const Field = Object.freeze({
  czxidHi: 0,
  czxidLo: 1,
  mzxidHi: 2,
  mzxidLo: 3,
  ctimeHi: 4,
  ctimeLo: 5,
  mtimeHi: 6,
  mtimeLo: 7,
  version: 8,
  /** As stored: the number of children ever created. Clients see `2 * cversion - numChildren`. */
  cversion: 9,
  aversion: 10,
  /** As stored: containers and TTL nodes are told by it. */
  ownerHi: 11,
  ownerLo: 12,
  pzxidHi: 13,
  pzxidLo: 14,
  /** See {@link Word}. */
  crcPathData: 15,
  crc: 16,
});

/** Words of a Stat record: the fields before the CRCs. */
export const STAT_WORDS = 15;

/** All fields. */
export const RECORD_WORDS = 17;

export const NAME_LENGTH_MASK = 0xff_ffff;

/** Bits of {@link Word.flagsAndName}. */
export const Flag = Object.freeze({
  /** Below /zookeeper/: adds nothing to the digest of the tree. */
  system: 1 << 24,
  /** Two bits for the kind of znode: see {@link ZnodeKind}. */
  kindMask: 3 << 25,
  /** The data of this znode belongs to a quota: limits or stats. */
  quota: 1 << 27,
  /** There is a Stat record. */
  stat: 1 << 30,
  /** Adds to the digest of the tree: digests are kept, and it is not a system znode. */
  counted: 1 << 31,
});

export const ZnodeKind = Object.freeze({ persistent: 0, ephemeral: 1, container: 2, ttl: 3 });

export const KIND_SHIFT = 25;
