/** What the watch table asks of the tree. A znode is a small number that may be used again after its deletion. */
export interface WatchedTree {
  /** The znode at a path of UTF-8 bytes; -1 when there is none, which includes every malformed path. */
  find(path: Uint8Array, start: number, end: number): number;
  /** The hash of a path. It depends on the seed of the tree, so nobody can send paths that were made to collide. */
  hashPath(path: Uint8Array, start: number, end: number): number;
  /** The hash of the path of a znode. */
  pathHashOf(node: number): number;
  /** -1 for the root. */
  parent(node: number): number;
  /** Bytes of the full path; the root's is 1. */
  pathLength(node: number): number;
  /** Writes the full path at `out[at]`; returns the position behind it. */
  copyPath(node: number, out: Uint8Array, at: number): number;
  /** What the ACL of the znode is kept under. */
  aclKey(node: number): number;
}

/**
 * Hands one event to one watcher. `path[start, end)` is valid only during the call. `aclKey` belongs to the znode the
 * event is about: the receiver decides whether the watcher may see it (spec: client protocol, section 10). The callee
 * may remove watchers but must change nothing else; a watcher it has removed may still be named for the same event.
 */
export type Deliver = (
  watcher: number,
  eventType: number,
  path: Uint8Array,
  start: number,
  end: number,
  aclKey: number,
  zxidHi: number,
  zxidLo: number,
) => void;
