import { OpCode } from '@zk/model';
import type { FrameReader } from './frame-reader.js';

/**
 * A write, decoded in place. One instance is reused for request after request, so nothing is allocated; what a request of
 * this type does not have is left over from another.
 */
export class WriteRequest {
  pathStart = 0;
  pathEnd = 0;
  pathIsNull = false;
  dataStart = 0;
  dataEnd = 0;
  aclStart = 0;
  aclEnd = 0;
  aclIsNull = false;
  /** Of a create. */
  flags = 0;
  /** Of a create; -1, both words, for one that has none. */
  ttlHi = 0;
  ttlLo = 0;
  /** The version that is expected. */
  version = 0;

  /**
   * Reads a request that stands by itself.
   *
   * @param reader at the body; it is left behind it
   * @returns false when it cannot be decoded
   */
  read(reader: FrameReader, type: number): boolean {
    switch (type) {
      case OpCode.setData:
        return this.readSetData(reader);
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
        return this.readCreate(reader);
      case OpCode.createTTL:
        return this.readCreateTtl(reader);
      case OpCode.delete:
        return this.readPathAndVersion(reader);
      case OpCode.setACL:
        return this.readSetAcl(reader);
      case OpCode.deleteContainer:
        this.readPath(reader);
        return !reader.failed;
      default:
        return false;
    }
  }

  readCreate(reader: FrameReader): boolean {
    this.readPath(reader);
    this.readData(reader);
    this.readAcl(reader);
    this.flags = reader.int32();
    this.ttlHi = this.ttlLo = -1;
    return !reader.failed;
  }

  readCreateTtl(reader: FrameReader): boolean {
    this.readCreate(reader);
    this.ttlHi = reader.int32();
    this.ttlLo = reader.int32();
    return !reader.failed;
  }

  readSetData(reader: FrameReader): boolean {
    this.readPath(reader);
    this.readData(reader);
    this.version = reader.int32();
    return !reader.failed;
  }

  /** A delete or a check. */
  readPathAndVersion(reader: FrameReader): boolean {
    this.readPath(reader);
    this.version = reader.int32();
    return !reader.failed;
  }

  private readSetAcl(reader: FrameReader): boolean {
    this.readPath(reader);
    this.readAcl(reader);
    this.version = reader.int32();
    return !reader.failed;
  }

  private readPath(reader: FrameReader): void {
    reader.range();
    this.pathStart = reader.start;
    this.pathEnd = reader.end;
    this.pathIsNull = reader.isNull;
  }

  private readData(reader: FrameReader): void {
    reader.range();
    this.dataStart = reader.start;
    this.dataEnd = reader.end;
  }

  private readAcl(reader: FrameReader): void {
    reader.aclRange();
    this.aclStart = reader.start;
    this.aclEnd = reader.end;
    this.aclIsNull = reader.isNull;
  }
}
