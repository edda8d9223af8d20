/** Constants of the snapshot format (spec: disk format, section 4). */
import { utf8Bytes } from '@zk/jute';

/** "ZKSN". */
export const SNAPSHOT_MAGIC = 0x5a4b_534e;
export const SNAPSHOT_VERSION = 2;
/** Both words of -1. */
export const SNAPSHOT_DBID = -1;
export const DIGEST_VERSION = 2;
export const HEADER_BYTES = 16;
/** Adler-32 as int64, then the string "/". */
export const SEAL_BYTES = 13;
/** The section with the last zxid, without its seal. */
export const LAST_ZXID_BYTES = 8;
/** ACL key and Stat behind the data of a znode. */
export const NODE_TAIL_BYTES = 68;

/** The string that ends the stream to a learner, with its length. */
export const STREAM_SIGNATURE = Uint8Array.of(0, 0, 0, 10, ...utf8Bytes('BenWasHere'));
