export type { SubmittedAcl } from './acl-check.js';
export { fixupAcls, grantOf, permsOf } from './acl-check.js';
export { AclTable, OPEN_ACL_KEY, encodeAcls } from './acl-table.js';
export type { ApplyVisitor, DataTreeOptions } from './data-tree.js';
export { DataTree, TXN_HEADER_BYTES } from './data-tree.js';
export { DigestSum, crcOfNewStat, crcOfPathAndData, crcOfPathDataChange, crcOfStat, crcOfWord } from './digest.js';
export type { PreparedChanges, PreparedZnode } from './prepared-changes.js';
export type { LimitExceeded } from './quotas.js';
export { Quotas, parseQuota } from './quotas.js';
export type { DecodedSnapshot, SnapshotDecoderOptions } from './snapshot/snapshot-decoder.js';
export { SnapshotDecoder } from './snapshot/snapshot-decoder.js';
export type { SnapshotEncoderOptions, SnapshotSession, SnapshotSink } from './snapshot/snapshot-encoder.js';
export { SnapshotEncoder } from './snapshot/snapshot-encoder.js';
export type { SnapshotDigest } from './snapshot/snapshot-sections.js';
export { TreeChanges } from './tree-changes.js';
export type { TreeListener } from './tree-listener.js';
export type { OwnerList } from './znodes/owners.js';
export { kindOfOwner } from './znodes/owners.js';
export { Field, Flag, RECORD_WORDS, STAT_WORDS, ZnodeKind } from './znodes/fields.js';
export { DEFAULT_HASH_SEED, hashPath } from './znodes/path-hash.js';
export type { TreeCursor } from './znodes/znode-store.js';
export { ZnodeStore } from './znodes/znode-store.js';

// ---- watches (src/watches) ----
export { FiredWatches } from './watches/fired-watches.js';
export { WatchTable } from './watches/watch-table.js';
export type { Deliver, WatchedTree } from './watches/watched-tree.js';
