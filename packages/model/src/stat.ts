import type { SessionId, Zxid } from './int64.js';

/** What a client sees of a znode besides its data, in wire order (68 bytes). Times are wall-clock milliseconds. */
export interface Stat {
  /** zxid of the transaction that created the znode. */
  readonly czxid: Zxid;
  /** zxid of the last change of its data. */
  readonly mzxid: Zxid;
  readonly ctime: bigint;
  readonly mtime: bigint;
  /** Number of changes of the data. */
  readonly version: number;
  /** Number of changes of the children: creations and deletions. */
  readonly cversion: number;
  /** Number of changes of the ACL. */
  readonly aversion: number;
  /** The owning session of an ephemeral; 0 for every other kind, containers and TTL nodes included. */
  readonly ephemeralOwner: SessionId;
  /** Bytes of data; 0 for null. */
  readonly dataLength: number;
  readonly numChildren: number;
  /** zxid of the last creation or deletion of a child, or of the znode itself. */
  readonly pzxid: Zxid;
}

/** Bytes of a Stat on the wire. */
export const STAT_BYTES = 68;
