import type { DataTree } from '@zk/data-tree';
import { writeInt32 } from '@zk/jute';
import { ErrorCode, type Id, OpCode, Perms, STAT_BYTES } from '@zk/model';
import type { AclGuard } from './acl-guard.js';
import type { FrameReader } from './frame-reader.js';
import { BROKEN, END } from './multi-parts.js';

/** Longest reply to a multiRead, in bytes: a frame of a megabyte could ask for the same large znode 50,000 times. */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;
/** In front of each result and behind the last: type, done, error. */
const HEADER_BYTES = 9;
/** The body of a result that is an error: its code once more. */
const ERROR_BYTES = 4;

/**
 * Reads in one request, with independent results; one that fails does not touch the others (spec: server semantics,
 * section 11). The flags for watches are ignored. Decoded twice, so that the results are written where they are sent
 * from: {@link measure}, then {@link write}, from the same place of the reader.
 */
export class MultiRead {
  constructor(
    private readonly tree: DataTree,
    private readonly guard: AclGuard,
    private readonly reader: FrameReader,
  ) {}

  /** Bytes of the results; -1 when the request cannot be decoded to its end, or when they are more than a reply holds. */
  measure(ids: readonly Id[]): number {
    const { reader, tree } = this;
    const start = reader.at;
    let bytes = HEADER_BYTES;
    let type = this.next();
    for (; type > END && bytes <= MAX_RESULT_BYTES; type = this.next()) {
      const node = this.find(ids);
      bytes += HEADER_BYTES;
      if (node < 0) bytes += ERROR_BYTES;
      else if (type === OpCode.getChildren) bytes += tree.childNamesBytes(node);
      else bytes += 4 + Math.max(0, tree.dataLength(node)) + STAT_BYTES;
    }
    reader.at = start;
    return type === END && bytes <= MAX_RESULT_BYTES ? bytes : -1;
  }

  /** Writes the results to `out` at `start`: as many bytes as {@link measure} said. */
  write(ids: readonly Id[], out: Uint8Array, start: number): void {
    let at = start;
    for (let type = this.next(); type !== END; type = this.next()) {
      const node = this.find(ids);
      if (node < 0) {
        at = writeHeader(out, at, OpCode.error, 0, node);
        writeInt32(out, at, node);
        at += ERROR_BYTES;
      } else {
        at = writeHeader(out, at, type, 0, ErrorCode.OK);
        at = type === OpCode.getChildren ? this.tree.writeChildNames(node, out, at) : this.writeData(node, out, at);
      }
    }
    writeHeader(out, at, -1, 1, -1);
  }

  private writeData(node: number, out: Uint8Array, start: number): number {
    const { tree } = this;
    writeInt32(out, start, tree.dataLength(node));
    const at = tree.copyData(node, out, start + 4);
    tree.writeStat(node, out, at);
    return at + STAT_BYTES;
  }

  /** The next part's opcode, {@link END} or {@link BROKEN}; the reader's range is the path. */
  private next(): number {
    const { reader } = this;
    const type = reader.int32();
    const isDone = reader.boolean();
    reader.int32();
    if (reader.failed) return BROKEN;
    if (isDone) return END;
    if (type !== OpCode.getData && type !== OpCode.getChildren) return BROKEN;
    reader.range();
    reader.boolean();
    return reader.failed || reader.isNull ? BROKEN : type;
  }

  /** The znode that the reader's range names, or an error code. */
  private find(ids: readonly Id[]): number {
    const { tree, reader } = this;
    const node = tree.find(reader.bytes, reader.start, reader.end);
    if (node < 0) return ErrorCode.NONODE;
    return this.guard.allows(tree.aclKey(node), Perms.read, ids) ? node : ErrorCode.NOAUTH;
  }
}

function writeHeader(out: Uint8Array, at: number, type: number, done: number, error: number): number {
  writeInt32(out, at, type);
  out[at + 4] = done;
  writeInt32(out, at + 5, error);
  return at + HEADER_BYTES;
}
