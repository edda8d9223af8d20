import { readInt32 } from '@zk/jute';
import { OpCode, counterOf, epochOf, hex64, int64, makeZxid } from '@zk/model';
import { type KnownTxn, ModelTree } from './model-tree.js';
import { Violation } from './violation.js';

/** Where the type stands in a transaction: behind session, cxid, zxid and time. */
const TYPE_OFFSET = 28;

/** Hears of each transaction once, when it is committed for the first time anywhere. */
export type CommitListener = (txn: KnownTxn, proposedMs: number) => void;

interface Proposal {
  readonly txn: Uint8Array;
  readonly atMs: number;
}

/**
 * What is committed, put together from what servers propose, deliver and begin to lead with. The zab core has a simulator of
 * its own that asks whether this is durable; here it is what clients are held against.
 */
export class CommittedHistory {
  readonly tree: ModelTree;
  last = 0n;
  private readonly proposed = new Map<bigint, Proposal>();
  /** Nothing older than this may follow. */
  private epoch = 0;
  /** The last zxid before each epoch. */
  private readonly bases = new Map<number, bigint>();
  /** Sessions of which somebody has proposed the end. */
  private readonly ending = new Set<bigint>();

  constructor(
    private readonly nowMs: () => number,
    /** Text of the first configuration. */
    config: string,
    private readonly onCommit: CommitListener,
  ) {
    this.tree = new ModelTree(config);
  }

  /** The last zxid that a leader of this epoch began with. */
  baseOf(epoch: number): bigint {
    return this.bases.get(epoch) ?? 0n;
  }

  /** Whether somebody has at least proposed to end the session. */
  isEnding(session: bigint): boolean {
    return this.ending.has(session);
  }

  /** Some server appends it to its log. @throws Violation */
  appended(zxidHi: number, zxidLo: number, txn: Uint8Array): void {
    const zxid = int64(zxidHi, zxidLo);
    const known = this.proposed.get(zxid);
    if (known === undefined) {
      this.proposed.set(zxid, { txn, atMs: this.nowMs() });
      if (readInt32(txn, TYPE_OFFSET) === OpCode.closeSession)
        this.ending.add(int64(readInt32(txn, 0), readInt32(txn, 4)));
    } else if (Buffer.compare(known.txn, txn) !== 0)
      throw new Violation('UniqueZxid', `0x${hex64(zxid)} stands for two transactions`);
  }

  /** Some server delivers it to its clients. @throws Violation */
  delivered(zxid: bigint): void {
    if (zxid <= this.last) {
      if (!this.tree.txns.has(zxid)) throw new Violation('OneHistory', `0x${hex64(zxid)} was passed over`);
      return;
    }
    if (epochOf(zxid) < this.epoch) throw new Violation('OneHistory', `0x${hex64(zxid)} is of an epoch that is over`);
    const next = epochOf(zxid) === epochOf(this.last) ? counterOf(this.last) + 1 : 1;
    if (counterOf(zxid) !== next)
      throw new Violation('OneHistory', `0x${hex64(zxid)} is committed behind 0x${hex64(this.last)}`);
    this.commit(zxid);
  }

  /** A leader begins to broadcast, with everything up to `base`. @throws Violation */
  established(epoch: number, base: bigint): void {
    if (epoch <= this.epoch) return;
    if (base < this.last)
      throw new Violation('OneHistory', `epoch ${epoch} begins behind 0x${hex64(base)}, not 0x${hex64(this.last)}`);
    const first = epochOf(base) === epochOf(this.last) ? counterOf(this.last) + 1 : 1;
    for (let counter = first; counter <= counterOf(base); counter++) this.commit(makeZxid(epochOf(base), counter));
    this.epoch = epoch;
    this.bases.set(epoch, this.last);
  }

  private commit(zxid: bigint): void {
    const proposal = this.proposed.get(zxid);
    if (proposal === undefined) throw new Violation('OneHistory', `0x${hex64(zxid)} is committed and nobody has it`);
    this.last = zxid;
    this.onCommit(this.tree.apply(proposal.txn), proposal.atMs);
  }
}
