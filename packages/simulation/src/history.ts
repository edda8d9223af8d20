import { RecordWriter, readInt32, utf8Bytes, writeSetDataTxn, writeTxnHeader } from '@zk/jute';
import { OpCode, SYSTEM_PATHS } from '@zk/model';
import type { EnsembleConfig } from '@zk/quorum';
import { type LogEntry, configOfTxn } from '@zk/zab';

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
    /** The last one that a transaction brought. */
    readonly config: EnsembleConfig | undefined,
  ) {}

  static empty(): History {
    return new History(undefined, 0n, 0, 0, undefined);
  }

  /** This history and one transaction more; itself, if it has it already, as a fuzzy snapshot may. */
  then(entry: LogEntry): History {
    const { zxid } = entry;
    const id = idOf(entry);
    if (zxid <= this.zxid && this.has(zxid, id)) return this;
    for (const branch of this.branches) if (branch.id === id && branch.zxid === zxid) return branch;
    const config = configOfTxn(entry.txn) ?? this.config;
    const branch = new History(this, zxid, id, this.length + 1, config);
    this.branches.push(branch);
    return branch;
  }

  has(zxid: bigint, id: number): boolean {
    return hasEntry(this, zxid, id);
  }

  /** The configurations whose quorums must have the last transaction: a new one needs those of the old one too. */
  configs(initial: EnsembleConfig): readonly EnsembleConfig[] {
    const { config = initial, parent } = this;
    const before = parent?.config ?? initial;
    return config === before ? [config] : [before, config];
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

function hasEntry(history: History, zxid: bigint, id: number): boolean {
  let at: History | undefined = history;
  while (at !== undefined && at.zxid > zxid) at = at.parent;
  return at?.zxid === zxid && at.id === id;
}

/** The transactions of a simulation are numbers, each used once. */
export function encodeId(id: number): Uint8Array {
  return new Uint8Array([id >>> 24, id >>> 16, id >>> 8, id]);
}

/** Except for new configurations, which are what they are on the wire; the number is where the client's is. */
export function encodeReconfig(id: number, zxid: bigint, config: EnsembleConfig): Uint8Array {
  const writer = new RecordWriter();
  writeTxnHeader(writer, { clientId: 0n, cxid: id, zxid, time: 0n, type: OpCode.reconfig });
  writeSetDataTxn(writer, { path: SYSTEM_PATHS.config, data: utf8Bytes(config.text), version: -1 });
  return writer.bytes();
}

const CXID_AT = 8;

export function idOf({ txn }: LogEntry): number {
  return readInt32(txn, txn.length === 4 ? 0 : CXID_AT);
}
