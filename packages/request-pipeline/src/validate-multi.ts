import { readInt32, writeInt32 } from '@zk/jute';
import { ErrorCode, OpCode } from '@zk/model';
import { isCreate } from './create-request.js';
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
import { decodeSubCreate, skipSubCreate, validateCreate, validateDecoded } from './validate-create.js';

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
  const { reader, writer, overlay, digest } = p;
  writer.ensure(4);
  const countAt = writer.at - writer.start;
  writer.int32(0);
  const { hi, lo } = digest;
  overlay.begin();
  let done = 0;
  let code: number = ErrorCode.OK;
  let type = nextOperation(p);
  let bodyAt = reader.at;
  while (type > 0) {
    code = validateSubOperation(p, type);
    if (code !== ErrorCode.OK) break;
    done++;
    type = nextOperation(p);
    bodyAt = reader.at;
  }
  // Whether the rest can be decoded matters more than why an operation was refused.
  const refused = code === ErrorCode.OK ? 0 : countFrom(p, type, bodyAt);
  if (type === BROKEN || refused === BROKEN || writer.length > p.options.maxTxnBytes) {
    overlay.rollback();
    p.setDigest(hi, lo);
    return ErrorCode.MARSHALLINGERROR;
  }
  writeInt32(writer.bytes, writer.start + countAt, done + refused);
  if (code === ErrorCode.OK) {
    overlay.keep();
    return ErrorCode.OK;
  }
  overlay.rollback();
  p.setDigest(hi, lo);
  writer.ensure(refused * 12);
  for (let i = 0; i < refused; i++) {
    writer.int32(OpCode.error);
    writer.int32(4);
    writer.int32(i === 0 ? code : ErrorCode.RUNTIMEINCONSISTENCY);
  }
  return ErrorCode.OK;
}

/** No operation follows; not one that could be decoded follows. */
const END = 0;
const BROKEN = -1;

/** Reads the header of the next operation: its type, or one of the above. Leaves the reader at its body. */
function nextOperation(p: Preparer): number {
  const { reader } = p;
  const { at, bytes } = reader;
  if (at + MULTI_HEADER_BYTES > reader.limit) return BROKEN;
  reader.at = at + MULTI_HEADER_BYTES;
  if (bytes[at + 4] !== 0) return END;
  const type = readInt32(bytes, at);
  return isAllowed(type) ? type : BROKEN;
}

/** What a multi may hold. */
function isAllowed(type: number): boolean {
  switch (type) {
    case OpCode.delete:
    case OpCode.check:
    case OpCode.setData:
      return true;
    default:
      return isCreate(type);
  }
}

/** The number of operations from the refused one on, whose body is at `bodyAt`; BROKEN when one cannot be decoded. */
function countFrom(p: Preparer, type: number, bodyAt: number): number {
  p.reader.at = bodyAt;
  p.reader.failed = false;
  let count = 0;
  for (let next = type; next !== END; next = nextOperation(p)) {
    if (next === BROKEN || !skipOperation(p, next)) return BROKEN;
    count++;
  }
  return count;
}

/** Writes type, length and record of one operation; nothing when it is refused. */
function validateSubOperation(p: Preparer, type: number): number {
  const { writer } = p;
  const kind = isCreate(type) ? decodeSubCreate(p, type) : type;
  if (kind === 0) return UNDECODABLE;
  writer.ensure(8);
  const before = writer.at - writer.start;
  writer.int32(kind);
  writer.int32(0);
  const code = isCreate(type) ? validateDecoded(p, kind) : validateOperation(p, type);
  const at = writer.start + before;
  if (code !== ErrorCode.OK) {
    writer.at = at;
    return code;
  }
  writeInt32(writer.bytes, at + 4, writer.at - at - 8);
  return code;
}

function skipOperation(p: Preparer, type: number): boolean {
  if (isCreate(type)) return skipSubCreate(p, type);
  switch (type) {
    case OpCode.delete:
    case OpCode.check:
      return skipPathAndInt(p);
    case OpCode.setData:
      return skipSetData(p);
    default:
      return false;
  }
}
