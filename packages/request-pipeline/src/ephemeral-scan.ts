import { readInt32 } from '@zk/jute';
import { OpCode, isEphemeral } from '@zk/model';
import { type CreateRequest, isCreate, kindOfSubCreate } from './create-request.js';
import type { FrameReader } from './frame-reader.js';

/** Type, done, error. */
const MULTI_HEADER_BYTES = 9;

/**
 * Whether a multi creates an ephemeral: what a session needs that only this server knows of (spec: server semantics,
 * section 10.6). What cannot be decoded creates nothing.
 *
 * @param reader at the body
 * @param create where each create is decoded
 */
export function multiCreatesEphemeral(reader: FrameReader, create: CreateRequest): boolean {
  while (reader.at + MULTI_HEADER_BYTES <= reader.limit && reader.bytes[reader.at + 4] === 0) {
    const type = readInt32(reader.bytes, reader.at);
    reader.at += MULTI_HEADER_BYTES;
    skipOperation(reader, type, create);
    if (reader.failed) return false;
    if (!isCreate(type) || !isEphemeral(create.flags)) continue;
    if (kindOfSubCreate(type, create.flags) !== OpCode.createContainer) return true;
  }
  return false;
}

function skipOperation(reader: FrameReader, type: number, create: CreateRequest): void {
  if (isCreate(type)) {
    create.read(reader, type);
    return;
  }
  switch (type) {
    case OpCode.setData:
      reader.range();
      reader.range();
      reader.int32();
      return;
    case OpCode.delete:
    case OpCode.check:
      reader.range();
      reader.int32();
      return;
    default:
      reader.failed = true;
  }
}
