import type { Clock } from '@zk/contracts';
import type { DataTree } from '@zk/data-tree';
import { ErrorCode, type Id, OpCode, compare64 } from '@zk/model';
import type { Session } from '@zk/session';
import type { Client } from './client.js';
import { type Pending, PendingQueue } from './pending.js';
import type { Preparer } from './preparer.js';
import type { TxnArena } from './txn-arena.js';
import type { TxnWriter } from './txn-writer.js';

/** Who makes transactions durable and tells when: the log of a standalone server, or the leader of an ensemble. */
export interface Proposer {
  /** Takes a copy of the bytes. The transaction is to be committed later, in order. */
  propose(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void;
}

export interface TransactionOptions {
  readonly maxTxnBytes: number;
  readonly digestEnabled: boolean;
}

/**
 * Transactions on their way, from the zxid they are given to the moment they are applied or lost. Between
 * {@link begin} and {@link finish} the preparer validates and writes the record.
 */
export class Transactions {
  private readonly tree: DataTree;
  private readonly writer: TxnWriter;
  private readonly clock: Clock;
  private readonly pending = new PendingQueue();
  private nextHi: number;
  private nextLo: number;
  private changesBefore = 0;
  private wallReadAtMs = NaN;
  private turnWallMs = 0;

  constructor(
    private readonly preparer: Preparer,
    private readonly arena: TxnArena,
    private readonly proposer: Proposer,
    private readonly options: TransactionOptions,
  ) {
    const { tree, writer, clock } = preparer;
    this.tree = tree;
    this.writer = writer;
    this.clock = clock;
    this.nextHi = tree.lastZxidHi;
    this.nextLo = tree.lastZxidLo;
    preparer.setDigest(tree.digest.hi, tree.digest.lo);
  }

  /** Proposed and not applied yet. */
  get inFlight(): number {
    return this.pending.length;
  }

  forEach(visit: (slot: Pending) => void): void {
    this.pending.forEach(visit);
  }

  /** Starts a transaction with the next zxid, which is used up only by {@link finish}. */
  begin(sessionHi: number, sessionLo: number, cxid: number, ids: readonly Id[], nowMs: number): void {
    const { context } = this.preparer;
    context.sessionHi = sessionHi;
    context.sessionLo = sessionLo;
    context.cxid = cxid;
    context.ids = ids;
    context.wallMs = this.wallMs(nowMs);
    context.zxidLo = (this.nextLo + 1) | 0;
    context.zxidHi = context.zxidLo === 0 ? (this.nextHi + 1) | 0 : this.nextHi;
    this.changesBefore = this.preparer.overlay.changes;
    this.writer.begin();
  }

  /** Completes the transaction being written, queues whoever waits for it, and proposes it. */
  finish(client: Client | null, session: Session | null, type: number, code: number, nowMs: number): Pending {
    const { context, digest, overlay } = this.preparer;
    const { writer } = this;
    if (code !== ErrorCode.OK) writer.error(code);
    // A session with so many ephemerals that their list could not be read back: every server deletes what it knows. The
    // digest goes with the list, since without one it would be taken for the other.
    else if (writer.length > this.options.maxTxnBytes) writer.empty();
    else if (this.options.digestEnabled) writer.digest(digest.hi, digest.lo);
    const txnType = code === ErrorCode.OK ? type : OpCode.error;
    const { zxidHi, zxidLo } = context;
    writer.header(context.sessionHi, context.sessionLo, context.cxid, zxidHi, zxidLo, context.wallMs, txnType);
    const slot = this.pending.push();
    slot.zxidHi = this.nextHi = zxidHi;
    slot.zxidLo = this.nextLo = zxidLo;
    slot.client = client;
    slot.session = session;
    slot.heir = null;
    slot.isExpiry = false;
    slot.xid = context.cxid;
    slot.type = type;
    slot.code = code;
    slot.start = writer.start;
    slot.end = writer.at;
    slot.chunk = writer.commit();
    slot.changes = overlay.changes - this.changesBefore;
    slot.arrivalMs = nowMs;
    if (client !== null) client.writesIssued++;
    this.proposer.propose(zxidHi, zxidLo, slot.chunk.bytes, slot.start, slot.end);
    return slot;
  }

  /** Hands over, in order, everything up to this zxid; `apply` applies it before it returns. */
  commit(zxidHi: number, zxidLo: number, apply: (slot: Pending, txn: Uint8Array) => void): void {
    const { pending, tree } = this;
    const { overlay } = this.preparer;
    while (pending.length > 0) {
      const slot = pending.peek();
      if (compare64(slot.zxidHi, slot.zxidLo, zxidHi, zxidLo) > 0) return;
      pending.shift();
      overlay.log.rewind();
      tree.supply(overlay.log, slot.changes);
      apply(slot, slot.chunk!.bytes);
      overlay.release(slot.changes);
      this.release(slot);
    }
  }

  /** Forgets everything that is not committed, after handing it over once more; zxids and digest go back to the tree's. */
  abandon(lose: (slot: Pending) => void): void {
    const { tree, preparer, pending } = this;
    preparer.overlay.clear();
    preparer.setDigest(tree.digest.hi, tree.digest.lo);
    this.nextHi = tree.lastZxidHi;
    this.nextLo = tree.lastZxidLo;
    while (pending.length > 0) {
      const slot = pending.peek();
      pending.shift();
      lose(slot);
      this.release(slot);
    }
  }

  private release(slot: Pending): void {
    this.arena.release(slot.chunk!);
    slot.chunk = null;
    slot.client = null;
    slot.session = null;
    slot.heir = null;
  }

  /** The wall clock, read once per turn. */
  private wallMs(nowMs: number): number {
    if (this.wallReadAtMs !== nowMs) {
      this.wallReadAtMs = nowMs;
      this.turnWallMs = this.clock.wallMs();
    }
    return this.turnWallMs;
  }
}
