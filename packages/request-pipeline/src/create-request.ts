import { CreateMode, OpCode } from '@zk/model';
import type { FrameReader } from './frame-reader.js';

export function isCreate(type: number): boolean {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return true;
    default:
      return false;
  }
}

/** Whether flags can be decoded inside a multi; what else is wrong with them is found out later. */
export function areSubCreateFlags(type: number, flags: number): boolean {
  return type === OpCode.createTTL || (flags >= CreateMode.persistent && flags <= CreateMode.container);
}

/**
 * The opcode of the transaction of a create inside a multi. There, the flags decide: they make any create one of a
 * container, and one with a time to live that it has no use for a plain one. (A request by itself keeps its opcode.)
 */
export function kindOfSubCreate(type: number, flags: number): number {
  if (flags === CreateMode.container) return OpCode.createContainer;
  const isPlain = flags >= CreateMode.persistent && flags <= CreateMode.ephemeralSequential;
  return type === OpCode.createTTL && isPlain ? OpCode.create : type;
}

/** A create request, decoded in place. One instance is reused for every request, so nothing is allocated. */
export class CreateRequest {
  pathStart = 0;
  pathEnd = 0;
  pathIsNull = false;
  dataStart = 0;
  dataEnd = 0;
  dataIsNull = false;
  aclStart = 0;
  aclEnd = 0;
  aclIsNull = false;
  flags = 0;
  /** -1, both words, for a request that has none. */
  ttlHi = 0;
  ttlLo = 0;

  /** Reads a create, create2, createContainer or createTTL; false when it cannot be decoded. */
  read(reader: FrameReader, type: number): boolean {
    reader.range();
    this.pathStart = reader.start;
    this.pathEnd = reader.end;
    this.pathIsNull = reader.isNull;
    reader.range();
    this.dataStart = reader.start;
    this.dataEnd = reader.end;
    this.dataIsNull = reader.isNull;
    reader.aclRange();
    this.aclStart = reader.start;
    this.aclEnd = reader.end;
    this.aclIsNull = reader.isNull;
    this.flags = reader.int32();
    this.ttlHi = this.ttlLo = -1;
    if (type === OpCode.createTTL) {
      this.ttlHi = reader.int32();
      this.ttlLo = reader.int32();
    }
    return !reader.failed;
  }
}
