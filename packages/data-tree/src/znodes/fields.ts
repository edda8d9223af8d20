/**
 * The record of one znode: 27 words of 32 bits. The first 17 are its Stat in wire order, so that writing a Stat is one
 * loop; then the links of the tree, the reference to its bytes, and what makes lookups and digests cheap.
 */

/** Offsets of the words in a record. 64-bit values take two words, `…Hi` first. */
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
  /** -1 for null, which clients see as 0. */
  dataLength: 13,
  childCount: 14,
  pzxidHi: 15,
  pzxidLo: 16,
  /** Znode id of the parent; -1 for the root, {@link FREE} in a record that is not in use. */
  parent: 17,
  firstChild: 18,
  /** Also the link of the free list in a record that is not in use. */
  nextSibling: 19,
  prevSibling: 20,
  /** Where the bytes are: see ByteSlabs. The name comes first, the data right behind it. */
  bytesRef: 21,
  /** The flags in the upper 8 bits, the length of the name in bytes in the lower 24. */
  flagsAndName: 22,
  /** The state of the hash after the whole path: children continue from here. */
  pathHash: 23,
  aclKey: 24,
  /** CRC-32 of path and data; 0 without digests and below /zookeeper/. Survives changes of the Stat. */
  crcPathData: 25,
  /** What this znode adds to the digest of the tree: CRC-32 of path, data and Stat; 0 where it adds nothing. */
  crc: 26,
});

export const RECORD_WORDS = 27;

/** Words of the Stat at the start of a record, in wire order. */
export const STAT_WORDS = 17;

export const NAME_LENGTH_MASK = 0xff_ffff;

/** In the parent word of a record that holds no znode. */
export const FREE = -2;

/** Bits of {@link Field.flagsAndName}. Whoever sets one of the watch bits also clears it. */
export const Flag = Object.freeze({
  /** Below /zookeeper/: adds nothing to the digest of the tree. */
  system: 1 << 24,
  /** Two bits for the kind of znode: see {@link ZnodeKind}. */
  kindMask: 3 << 25,
  /** The data of this znode belongs to a quota: limits or stats. */
  quota: 1 << 27,
  /** Free for the watch table: something waits for a change of this znode, or of its children. */
  watched: 1 << 28,
  watchedChildren: 1 << 29,
});

export const ZnodeKind = Object.freeze({ persistent: 0, ephemeral: 1, container: 2, ttl: 3 });

export const KIND_SHIFT = 25;
