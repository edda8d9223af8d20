/** Hears of the effects of a transaction, in order, inside `apply`. Watches hang on it. */
export interface TreeListener {
  /** After insertion. */
  created(node: number, parent: number, zxidHi: number, zxidLo: number): void;
  /** Before removal: the path and the ACL of the znode can still be read. */
  deleted(node: number, parent: number, zxidHi: number, zxidLo: number): void;
  /** The data changed by a transaction (setData, reconfig). */
  changed(node: number, zxidHi: number, zxidLo: number): void;
}
