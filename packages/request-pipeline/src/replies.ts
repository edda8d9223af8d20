import type { ApplyVisitor, DataTree } from '@zk/data-tree';
import { copyBytes, readInt32, writeInt32 } from '@zk/jute';
import { ErrorCode, OpCode, STAT_BYTES } from '@zk/model';
import type { Client } from './client.js';

const NO_BYTES = new Uint8Array(0);
/** Within a Stat. */
const DATA_LENGTH_AT = 52;

/**
 * Replies to writes. What applying a transaction did is captured while it is applied; the reply is encoded afterwards,
 * so that it follows every watched event of the same transaction.
 */
export class WriteReplies {
  readonly single: SingleResult = new SingleResult();
  readonly multi: MultiResult;

  constructor(private readonly tree: DataTree) {
    this.multi = new MultiResult(tree);
  }

  /** Replies to a write that was a single operation; `txn` holds the bytes that were applied. */
  replySingle(client: Client, xid: number, type: number, code: number, txn: Uint8Array): void {
    const { single } = this;
    const error = code !== ErrorCode.OK ? code : single.error;
    if (error !== ErrorCode.OK) {
      this.begin(client, xid, error, 0);
      return;
    }
    switch (type) {
      case OpCode.setData:
      case OpCode.setACL: {
        const at = this.begin(client, xid, ErrorCode.OK, STAT_BYTES);
        this.tree.writeStat(single.node, client.outbox.bytes, at);
        return;
      }
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        this.replyCreate(client, xid, type !== OpCode.create, txn);
        return;
      case OpCode.reconfig:
        this.replyReconfig(client, xid);
        return;
      default:
        this.begin(client, xid, ErrorCode.OK, 0);
    }
  }

  /** The new configuration, as getData would give it. */
  private replyReconfig(client: Client, xid: number): void {
    const { node } = this.single;
    const data = this.tree.dataBytes(node) ?? NO_BYTES;
    const at = this.begin(client, xid, ErrorCode.OK, 4 + data.length + STAT_BYTES);
    const out = client.outbox.bytes;
    writeInt32(out, at, data.length);
    copyBytes(data, 0, data.length, out, at + 4);
    this.tree.writeStat(node, out, at + 4 + data.length);
  }

  /** Replies to a multi with the results that {@link multi} collected. */
  replyMulti(client: Client, xid: number, code: number): void {
    if (code !== ErrorCode.OK) {
      this.begin(client, xid, code, 0);
      return;
    }
    const { multi } = this;
    multi.finish();
    const at = this.begin(client, xid, ErrorCode.OK, multi.length);
    copyBytes(multi.bytes, 0, multi.length, client.outbox.bytes, at);
  }

  private replyCreate(client: Client, xid: number, withStat: boolean, txn: Uint8Array): void {
    const { pathStart, pathEnd, node } = this.single;
    const pathBytes = pathEnd - pathStart;
    const at = this.begin(client, xid, ErrorCode.OK, 4 + pathBytes + (withStat ? STAT_BYTES : 0));
    const out = client.outbox.bytes;
    writeInt32(out, at, pathBytes);
    copyBytes(txn, pathStart, pathEnd, out, at + 4);
    if (withStat) writeStatAsCreated(this.tree, node, txn, pathEnd, out, at + 4 + pathBytes);
  }

  private begin(client: Client, xid: number, error: number, bodyBytes: number): number {
    return client.outbox.beginReply(xid, this.tree.lastZxidHi, this.tree.lastZxidLo, error, bodyBytes);
  }
}

/** With the length of the data that the request brought: usage, which a quota writes over it, comes behind the reply. */
function writeStatAsCreated(
  tree: DataTree,
  node: number,
  txn: Uint8Array,
  pathEnd: number,
  out: Uint8Array,
  at: number,
): void {
  tree.writeStat(node, out, at);
  writeInt32(out, at + DATA_LENGTH_AT, Math.max(0, readInt32(txn, pathEnd)));
}

/** Remembers what one operation did. */
class SingleResult implements ApplyVisitor {
  error = 0;
  node = -1;
  pathStart = 0;
  pathEnd = 0;

  onOp(_type: number, error: number, node: number, pathStart: number, pathEnd: number): void {
    this.error = error;
    this.node = node;
    this.pathStart = pathStart;
    this.pathEnd = pathEnd;
  }
}

const RESULT_HEADER_BYTES = 9;
const NO_MORE = -1;

/** Encodes the result of each operation of a multi at the moment it was applied: later ones may change it again. */
class MultiResult implements ApplyVisitor {
  /** The body of the reply so far. */
  bytes = new Uint8Array(1024);
  length = 0;
  private txn: Uint8Array = this.bytes;

  constructor(private readonly tree: DataTree) {}

  begin(txn: Uint8Array): void {
    this.txn = txn;
    this.length = 0;
  }

  onOp(type: number, error: number, node: number, pathStart: number, pathEnd: number): void {
    if (type === OpCode.error || error !== ErrorCode.OK) {
      const at = this.header(OpCode.error, error, 4);
      writeInt32(this.bytes, at, error);
      return;
    }
    switch (type) {
      case OpCode.create:
        this.created(OpCode.create, node, pathStart, pathEnd);
        break;
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        this.created(OpCode.create2, node, pathStart, pathEnd);
        break;
      case OpCode.setData:
        this.tree.writeStat(node, this.bytes, this.header(OpCode.setData, ErrorCode.OK, STAT_BYTES));
        break;
      default:
        this.header(type, ErrorCode.OK, 0);
    }
  }

  /** Ends the body: no result follows. */
  finish(): void {
    // The header first: it may put larger bytes in the place of these.
    const behind = this.header(NO_MORE, NO_MORE, 0);
    this.bytes[behind - 5] = 1;
  }

  private created(type: number, node: number, pathStart: number, pathEnd: number): void {
    const pathBytes = pathEnd - pathStart;
    const hasStat = type === OpCode.create2;
    const at = this.header(type, ErrorCode.OK, 4 + pathBytes + (hasStat ? STAT_BYTES : 0));
    writeInt32(this.bytes, at, pathBytes);
    const behind = copyBytes(this.txn, pathStart, pathEnd, this.bytes, at + 4);
    if (hasStat) writeStatAsCreated(this.tree, node, this.txn, pathEnd, this.bytes, behind);
  }

  /** Writes type, done and error; returns where the `bodyBytes` behind them go. */
  private header(type: number, error: number, bodyBytes: number): number {
    const at = this.length;
    const behind = at + RESULT_HEADER_BYTES + bodyBytes;
    if (behind > this.bytes.length) this.grow(behind);
    const { bytes } = this;
    writeInt32(bytes, at, type);
    bytes[at + 4] = 0;
    writeInt32(bytes, at + 5, error);
    this.length = behind;
    return at + RESULT_HEADER_BYTES;
  }

  private grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
