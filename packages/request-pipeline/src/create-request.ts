import { OpCode } from '@zk/model';
import type { FrameReader } from './frame-reader.js';

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
