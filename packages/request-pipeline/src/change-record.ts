import { type DataTree, type PreparedZnode, RECORD_WORDS } from '@zk/data-tree';
import type { Acl } from '@zk/model';

/**
 * A znode as it will be when everything validated so far is applied. It copies the fields of the znode in the tree (same
 * layout), so versions and the digest are predicted with the code that the tree itself uses.
 */
export class ChangeRecord implements PreparedZnode {
  path: Uint8Array = new Uint8Array(64);
  pathLength = 0;
  hash = 0;
  /** The znode as committed, which the tree keeps up to date while it applies what is on its way; see PreparedZnode. */
  node = -1;
  strays = -1;
  exists = false;
  /** Whether the znode counts in the digest of the tree: not below /zookeeper/, and not at all without digests. */
  isCounted = false;
  /** The words of the znode as they will be. */
  readonly words = new Int32Array(RECORD_WORDS);
  /** Key of the ACL in the tree, unless {@link aclEntries} holds a list that no committed znode has yet. */
  aclKey = -1;
  aclEntries: readonly Acl[] | null = null;
  aclWorldPerms = 0;
  /** Data bytes, 0 for null. */
  dataLength = 0;
  childCount = 0;
  /** Transactions that changed it and are not applied yet. */
  pending = 0;
  next: ChangeRecord | null = null;
  /** Whether it is among {@link Overlay.ephemerals}. */
  isNoted = false;
  /** The multi for which its contents were saved last. */
  savedFor = 0;

  copyFrom(other: ChangeRecord): void {
    this.exists = other.exists;
    const { words } = this;
    const from = other.words;
    // A loop: for so few words `set` takes longer.
    for (let i = 0; i < RECORD_WORDS; i++) words[i] = from[i]!;
    this.aclKey = other.aclKey;
    this.aclEntries = other.aclEntries;
    this.aclWorldPerms = other.aclWorldPerms;
    this.dataLength = other.dataLength;
    this.childCount = other.childCount;
  }
}

/** Fills a fresh record from a committed znode, or as absent when there is none. */
export function loadRecord(record: ChangeRecord, tree: DataTree, node: number): void {
  record.node = node;
  record.strays = tree.strays;
  if (node < 0) {
    record.exists = false;
    clearWords(record.words);
    record.aclKey = -1;
    record.aclWorldPerms = 0;
    record.dataLength = record.childCount = 0;
    return;
  }
  tree.copyFields(node, record.words);
  record.exists = true;
  record.aclKey = tree.aclKey(node);
  record.aclWorldPerms = tree.acls.worldPerms(record.aclKey);
  const length = tree.dataLength(node);
  record.dataLength = length > 0 ? length : 0;
  record.childCount = tree.childCount(node);
}

/** A loop: for so few words `fill` takes longer. */
export function clearWords(words: Int32Array): void {
  for (let i = 0; i < RECORD_WORDS; i++) words[i] = 0;
}
