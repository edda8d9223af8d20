import { readInt32 } from '@zk/jute';
import { CreateMode, OpCode } from '@zk/model';
import type { FrameReader } from './frame-reader.js';

/** Type, done, error. */
const MULTI_HEADER_BYTES = 9;

/**
 * Whether a request creates an ephemeral, alone or in a multi: what a session needs that only this server knows of
 * (spec: server semantics, section 10.6). What cannot be decoded creates nothing. The reader stands at the body.
 */
export function createsEphemeral(reader: FrameReader, type: number): boolean {
  if (type === OpCode.create || type === OpCode.create2) return isEphemeral(readFlags(reader));
  return type === OpCode.multi && multiCreatesEphemeral(reader);
}

function multiCreatesEphemeral(reader: FrameReader): boolean {
  while (reader.at + MULTI_HEADER_BYTES <= reader.limit && reader.bytes[reader.at + 4] === 0) {
    const type = readInt32(reader.bytes, reader.at);
    reader.at += MULTI_HEADER_BYTES;
    const flags = skipOperation(reader, type);
    if (reader.failed) return false;
    if ((type === OpCode.create || type === OpCode.create2) && isEphemeral(flags)) return true;
  }
  return false;
}

/** Behind the operation; the flags of a create. */
function skipOperation(reader: FrameReader, type: number): number {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return readFlags(reader);
    case OpCode.createTTL:
      readFlags(reader);
      reader.int32();
      return reader.int32();
    case OpCode.setData:
      reader.range();
      reader.range();
      return reader.int32();
    case OpCode.delete:
    case OpCode.check:
      reader.range();
      return reader.int32();
    default:
      reader.failed = true;
      return 0;
  }
}

function readFlags(reader: FrameReader): number {
  reader.range();
  reader.range();
  reader.aclRange();
  const flags = reader.int32();
  return reader.failed ? CreateMode.persistent : flags;
}

function isEphemeral(flags: number): boolean {
  return flags === CreateMode.ephemeral || flags === CreateMode.ephemeralSequential;
}
