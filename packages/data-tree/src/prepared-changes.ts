/**
 * What whoever validates changes remembers of a znode while changes of it are on their way. The tree reads it, and notes
 * what it did: there is one per path, and nobody else may change that path meanwhile.
 */
export interface PreparedZnode {
  /** The znode that has the path now; -1 when there is none. */
  node: number;
  /** {@link TreeChanges.strays} when `node` was found; it counts for nothing once that has moved on. */
  strays: number;
  /** Hash of the path. */
  readonly hash: number;
}

/** The changes of a transaction, known before it is applied. */
export interface PreparedChanges {
  next(): PreparedZnode;
  /** What the change that came last leads to, for znodes that count in the digest: the words `crc` and `crcPathData`. */
  readonly crc: number;
  readonly crcPathData: number;
}
