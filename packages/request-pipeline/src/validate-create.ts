import { Field, crcOfNewStat } from '@zk/data-tree';
import { writeInt32 } from '@zk/jute';
import { ErrorCode, MAX_TTL_MS, OpCode, Perms, isEphemeral, isSequential, isTtl, isValidPath } from '@zk/model';
import { type ChangeRecord, clearWords } from './change-record.js';
import { type Preparer, parentEnd } from './preparer.js';
import type { TxnWriter } from './txn-writer.js';

/** Bytes that a sequence suffix may add: ten digits, or a sign and ten. */
const SUFFIX_BYTES = 11;
const FIXED_BYTES = 32;

/**
 * Validates create, create2, createContainer and createTTL, decoded (spec: server semantics, section 2.1), and writes the
 * record.
 */
export function validateCreate(p: Preparer, type: number): number {
  const { request } = p;
  const source = p.reader.bytes;
  const modeError = checkMode(p, type);
  if (modeError !== ErrorCode.OK) return modeError;
  if (request.pathIsNull) return ErrorCode.MARSHALLINGERROR;
  const slash = parentEnd(source, request.pathStart, request.pathEnd);
  if (slash < 0) return ErrorCode.BADARGUMENTS;
  const aclError = p.aclFixup(source, request.aclStart, request.aclEnd);
  if (aclError !== ErrorCode.OK) return aclError;

  const parent = p.obtain(source, request.pathStart, slash);
  const code = validateUnder(p, type, parent);
  p.overlay.discardUnchanged(parent);
  return code;
}

function checkMode(p: Preparer, type: number): number {
  const { flags, ttlHi, ttlLo } = p.request;
  if (flags < 0 || flags > 6) return ErrorCode.BADARGUMENTS;
  if (!isTtl(flags)) return type === OpCode.createTTL ? ErrorCode.BADARGUMENTS : ErrorCode.OK;
  if (!p.options.extendedTypes) return ErrorCode.UNIMPLEMENTED;
  // A negative or 41-bit ttl has bits outside the low 40; create and create2 carry none, which counts as -1.
  const isInRange = ttlHi >= 0 && ttlHi <= MAX_TTL_MS / 0x1_0000_0000 && (ttlHi !== 0 || ttlLo !== 0);
  return isInRange ? ErrorCode.OK : ErrorCode.BADARGUMENTS;
}

function validateUnder(p: Preparer, type: number, parent: ChangeRecord): number {
  const { writer, reader, request, context } = p;
  const { flags } = request;
  if (!parent.exists) return ErrorCode.NONODE;
  if (!p.guard.allowsRecord(parent, Perms.create, context.ids)) return ErrorCode.NOAUTH;

  const valueBytes = request.dataEnd - request.dataStart + (p.aclEnd - p.aclStart);
  writer.ensure(request.pathEnd - request.pathStart + SUFFIX_BYTES + valueBytes + FIXED_BYTES);
  const parentCversion = parent.words[Field.cversion]!;
  // The final path goes to the transaction first and is looked up there: a suffix may have been added to it.
  const pathStart = writer.at + 4;
  writePath(p, parentCversion);
  const pathEnd = writer.at;
  if (!isValidPath(writer.bytes, pathStart, pathEnd)) return ErrorCode.BADARGUMENTS;
  const node = p.obtain(writer.bytes, pathStart, pathEnd);
  const refusal = node.exists ? ErrorCode.NODEEXISTS : refuseCreation(p, parent, pathStart, pathEnd);
  if (refusal !== ErrorCode.OK) {
    p.overlay.discardUnchanged(node);
    return refusal;
  }

  const newCversion = (parentCversion + 1) | 0;
  writer.raw(reader.bytes, request.dataStart - 4, request.dataEnd);
  writer.raw(p.aclBytes, p.aclStart, p.aclEnd);
  if (type === OpCode.create || type === OpCode.create2) writer.boolean(isEphemeral(flags));
  writer.int32(newCversion);
  if (type === OpCode.createTTL) {
    writer.int32(request.ttlHi);
    writer.int32(request.ttlLo);
  }
  addChild(p, parent, newCversion);
  create(p, type, node);
  return ErrorCode.OK;
}

/** Writes the path as it was asked for, with a suffix where it is to have one. */
function writePath({ writer, reader, request }: Preparer, sequence: number): void {
  const lengthAt = writer.at;
  writer.range(reader.bytes, request.pathStart, request.pathEnd);
  if (!isSequential(request.flags)) return;
  writeSuffix(writer, sequence);
  writeInt32(writer.bytes, lengthAt, writer.at - lengthAt - 4);
}

/** The path has been written and is free. */
function refuseCreation(p: Preparer, parent: ChangeRecord, pathStart: number, pathEnd: number): number {
  const { dataStart, dataEnd } = p.request;
  const txnBytes = p.writer.length + (dataEnd - dataStart) + (p.aclEnd - p.aclStart) + FIXED_BYTES;
  if (txnBytes > p.options.maxTxnBytes) return ErrorCode.MARSHALLINGERROR;
  if (p.isEphemeral(parent)) return ErrorCode.NOCHILDRENFOREPHEMERALS;
  if (!p.options.enforceQuota) return ErrorCode.OK;
  return p.tree.quotas.check(p.writer.bytes, pathStart, pathEnd, 1, dataEnd - dataStart);
}

/** The parent's create count and pzxid move only upwards, as they do when the transaction is applied. */
function addChild(p: Preparer, parent: ChangeRecord, newCversion: number): void {
  p.overlay.touch(parent);
  p.uncount(parent);
  parent.childCount++;
  if (newCversion > parent.words[Field.cversion]!) {
    p.change(parent, Field.cversion, newCversion);
    p.change64(parent, Field.pzxidHi, p.context.zxidHi, p.context.zxidLo);
  }
  p.count(parent);
}

function create(p: Preparer, type: number, node: ChangeRecord): void {
  const { request } = p;
  const { zxidHi, zxidLo, wallMs, sessionHi, sessionLo } = p.context;
  p.overlay.touch(node);
  node.exists = true;
  node.childCount = 0;
  let ownerHi = 0;
  let ownerLo = 0;
  if (type === OpCode.createContainer) ownerHi = -0x8000_0000;
  else if (type === OpCode.createTTL) {
    ownerHi = 0xff00_0000 | 0 | request.ttlHi;
    ownerLo = request.ttlLo;
  } else if (isEphemeral(request.flags)) {
    ownerHi = sessionHi;
    ownerLo = sessionLo;
    p.overlay.noteEphemeral(node);
  }
  const timeHi = Math.floor(wallMs / 0x1_0000_0000);
  const timeLo = wallMs | 0;
  const { words } = node;
  clearWords(words);
  words[Field.czxidHi] = words[Field.mzxidHi] = words[Field.pzxidHi] = zxidHi;
  words[Field.czxidLo] = words[Field.mzxidLo] = words[Field.pzxidLo] = zxidLo;
  words[Field.ctimeHi] = words[Field.mtimeHi] = timeHi;
  words[Field.ctimeLo] = words[Field.mtimeLo] = timeLo;
  words[Field.ownerHi] = ownerHi;
  words[Field.ownerLo] = ownerLo;
  p.assignAcl(node);
  p.assignData(node, p.reader.bytes, request.dataStart, request.dataEnd);
  if (!node.isCounted) return;
  const crcPathData = words[Field.crcPathData]!;
  words[Field.crc] = crcOfNewStat(crcPathData, zxidHi, zxidLo, timeHi, timeLo, ownerHi, ownerLo);
  p.count(node);
}

/** Ten decimal digits, zero-padded; a negative number takes a sign and its own width. */
function writeSuffix(writer: TxnWriter, sequence: number): void {
  if (sequence < 0) {
    const text = `-${String(-sequence).padStart(9, '0')}`;
    for (let i = 0; i < text.length; i++) writer.bytes[writer.at++] = text.charCodeAt(i);
    return;
  }
  let rest = sequence;
  for (let i = 9; i >= 0; i--) {
    writer.bytes[writer.at + i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  writer.at += 10;
}
