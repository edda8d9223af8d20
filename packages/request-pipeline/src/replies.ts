import type { ApplyVisitor, DataTree } from '@zk/data-tree';
import { RecordWriter, copyBytes, writeInt32 } from '@zk/jute';
import { ErrorCode, OpCode, STAT_BYTES } from '@zk/model';
import type { Client } from './client.js';

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
      default:
        this.begin(client, xid, ErrorCode.OK, 0);
    }
  }

  /** Replies to a multi with the results that {@link multi} collected. */
  replyMulti(client: Client, xid: number, code: number): void {
    if (code !== ErrorCode.OK) {
      this.begin(client, xid, code, 0);
      return;
    }
    const body = this.multi.finish();
    const at = this.begin(client, xid, ErrorCode.OK, body.length);
    copyBytes(body, 0, body.length, client.outbox.bytes, at);
  }

  private replyCreate(client: Client, xid: number, withStat: boolean, txn: Uint8Array): void {
    const { pathStart, pathEnd, node } = this.single;
    const pathBytes = pathEnd - pathStart;
    const at = this.begin(client, xid, ErrorCode.OK, 4 + pathBytes + (withStat ? STAT_BYTES : 0));
    const out = client.outbox.bytes;
    writeInt32(out, at, pathBytes);
    copyBytes(txn, pathStart, pathEnd, out, at + 4);
    if (withStat) this.tree.writeStat(node, out, at + 4 + pathBytes);
  }

  private begin(client: Client, xid: number, error: number, bodyBytes: number): number {
    return client.outbox.beginReply(xid, this.tree.lastZxidHi, this.tree.lastZxidLo, error, bodyBytes);
  }
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

/** Encodes the result of each operation of a multi at the moment it was applied: later ones may change it again. */
class MultiResult implements ApplyVisitor {
  private readonly writer = new RecordWriter(1024);
  private readonly stat = new Uint8Array(STAT_BYTES);
  private txn: Uint8Array = this.stat;

  constructor(private readonly tree: DataTree) {}

  begin(txn: Uint8Array): void {
    this.txn = txn;
    this.writer.reset();
  }

  onOp(type: number, error: number, node: number, pathStart: number, pathEnd: number): void {
    const { writer } = this;
    if (type === OpCode.error || error !== ErrorCode.OK) {
      writer.int32(OpCode.error).boolean(false).int32(error).int32(error);
      return;
    }
    switch (type) {
      case OpCode.create:
        this.header(OpCode.create);
        this.path(pathStart, pathEnd);
        break;
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        this.header(OpCode.create2);
        this.path(pathStart, pathEnd);
        this.statOf(node);
        break;
      case OpCode.setData:
        this.header(OpCode.setData);
        this.statOf(node);
        break;
      default:
        this.header(type);
    }
  }

  finish(): Uint8Array {
    this.writer.int32(-1).boolean(true).int32(-1);
    return this.writer.bytes();
  }

  private header(type: number): void {
    this.writer.int32(type).boolean(false).int32(ErrorCode.OK);
  }

  private path(start: number, end: number): void {
    this.writer.int32(end - start).raw(this.txn, start, end);
  }

  private statOf(node: number): void {
    this.tree.writeStat(node, this.stat, 0);
    this.writer.raw(this.stat);
  }
}
