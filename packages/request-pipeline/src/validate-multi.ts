import { readInt32, writeInt32 } from '@zk/jute';
import { ErrorCode, OpCode } from '@zk/model';
import { type Preparer, UNDECODABLE } from './preparer.js';
import {
  skipPathAndInt,
  skipSetData,
  validateCheck,
  validateDelete,
  validateDeleteContainer,
  validateSetAcl,
  validateSetData,
} from './validate-change.js';
import { skipCreate, validateCreate } from './validate-create.js';

/** Validates one operation and writes its record. The reader stands at its body; it is left behind it. */
export function validateOperation(p: Preparer, type: number): number {
  switch (type) {
    case OpCode.setData:
      return validateSetData(p);
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return validateCreate(p, type);
    case OpCode.delete:
      return validateDelete(p);
    case OpCode.setACL:
      return validateSetAcl(p);
    case OpCode.check:
      return validateCheck(p);
    case OpCode.deleteContainer:
      return validateDeleteContainer(p);
    default:
      return UNDECODABLE;
  }
}

/** Bytes in front of the body of a sub-operation in a request: type, done, error. */
const MULTI_HEADER_BYTES = 9;

/**
 * Validates a multi and writes its record: the sub-transactions, or, when one of them is refused, those before it,
 * its error, and RUNTIMEINCONSISTENCY for each one after it (spec: server semantics, section 11). Either way the
 * result is a transaction; only a body that cannot be decoded gives an error code.
 */
export function validateMulti(p: Preparer): number {
  const { reader, writer, overlay } = p;
  const bodyStart = reader.at;
  const count = countOperations(p);
  if (count < 0) return ErrorCode.MARSHALLINGERROR;

  reader.at = bodyStart;
  writer.ensure(4);
  writer.int32(count);
  const digestHi = p.digest.hi;
  const digestLo = p.digest.lo;
  overlay.begin();
  let done = 0;
  let code: number = ErrorCode.OK;
  while (done < count) {
    const type = reader.int32();
    reader.at += MULTI_HEADER_BYTES - 4;
    code = validateSubOperation(p, type);
    if (code !== ErrorCode.OK) break;
    done++;
  }
  const isTooLong = writer.length > p.options.maxTxnBytes;
  if (code === ErrorCode.OK && !isTooLong) {
    overlay.keep();
    return ErrorCode.OK;
  }
  overlay.rollback();
  p.setDigest(digestHi, digestLo);
  if (isTooLong) return ErrorCode.MARSHALLINGERROR;
  writer.ensure((count - done) * 12);
  for (let i = done; i < count; i++) {
    writer.int32(OpCode.error);
    writer.int32(4);
    writer.int32(i === done ? code : ErrorCode.RUNTIMEINCONSISTENCY);
  }
  return ErrorCode.OK;
}

/** Writes type, length and record of one operation; nothing when it is refused. */
function validateSubOperation(p: Preparer, type: number): number {
  const { writer } = p;
  writer.ensure(8);
  const before = writer.at - writer.start;
  writer.int32(type);
  writer.int32(0);
  const code = validateOperation(p, type);
  const at = writer.start + before;
  if (code !== ErrorCode.OK) {
    writer.at = at;
    return code;
  }
  writeInt32(writer.bytes, at + 4, writer.at - at - 8);
  return code;
}

/** The number of operations; -1 when any of them cannot be decoded or is not allowed in a multi. */
function countOperations(p: Preparer): number {
  const { reader } = p;
  let count = 0;
  for (;;) {
    if (reader.at + MULTI_HEADER_BYTES > reader.limit) return -1;
    const type = readInt32(reader.bytes, reader.at);
    const isDone = reader.bytes[reader.at + 4] !== 0;
    reader.at += MULTI_HEADER_BYTES;
    if (isDone) return count;
    if (!skipOperation(p, type)) return -1;
    count++;
  }
}

function skipOperation(p: Preparer, type: number): boolean {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return skipCreate(p, type);
    case OpCode.delete:
    case OpCode.check:
      return skipPathAndInt(p);
    case OpCode.setData:
      return skipSetData(p);
    default:
      return false;
  }
}
