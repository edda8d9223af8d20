import type { LogEntry } from '@zk/zab';

/**
 * A history of transactions, as a node in the tree of all histories of a run. Equal histories are the same node, so that
 * comparing two of them costs nothing, whatever their length: it is the state machine and its digest in one.
 */
export class History {
  private readonly branches: History[] = [];

  private constructor(
    readonly parent: History | undefined,
    readonly zxid: bigint,
    readonly id: number,
    readonly length: number,
  ) {}

  static empty(): History {
    return new History(undefined, 0n, 0, 0);
  }

  then(zxid: bigint, id: number): History {
    for (const branch of this.branches) if (branch.id === id && branch.zxid === zxid) return branch;
    const branch = new History(this, zxid, id, this.length + 1);
    this.branches.push(branch);
    return branch;
  }

  /** The history this one had at that length. */
  prefix(length: number): History {
    return shorten(this, length);
  }
}

function shorten(history: History, length: number): History {
  let shorter = history;
  while (shorter.length > length) shorter = shorter.parent!;
  return shorter;
}

/** The transactions of a simulation are numbers, each used once. */
export function encodeId(id: number): Uint8Array {
  return new Uint8Array([id >>> 24, id >>> 16, id >>> 8, id]);
}

export function idOf(entry: LogEntry): number {
  const { txn } = entry;
  return (txn[0]! << 24) | (txn[1]! << 16) | (txn[2]! << 8) | txn[3]!;
}
