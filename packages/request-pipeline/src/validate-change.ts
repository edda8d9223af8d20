import { Field } from '@zk/data-tree';
import { ErrorCode, Perms, isValidPath } from '@zk/model';
import type { ChangeRecord } from './change-record.js';
import { type Preparer, isUndeletable, nextVersion, parentEnd } from './preparer.js';

const FIXED_BYTES = 16;

/** Who wants a znode deleted: a client, or the server itself, which needs no permission. */
type Deleter = 'client' | 'server';

/** Validates delete (spec: server semantics, section 2.2) and writes the record. */
export function validateDelete(p: Preparer): number {
  return deletePath(p, p.request.version, 'client');
}

/**
 * Validates the server's own removal of an empty container or an aged TTL node: no permission, no version. What was judged is
 * what is committed: a znode that is being written, or made anew, stays. Apache ZooKeeper looks at the kind only.
 */
export function validateDeleteContainer(p: Preparer): number {
  return deletePath(p, -1, 'server');
}

function deletePath(p: Preparer, expected: number, by: Deleter): number {
  const { pathStart: start, pathEnd: end, pathIsNull } = p.request;
  p.writer.ensure(end - start + FIXED_BYTES);
  if (pathIsNull) return ErrorCode.MARSHALLINGERROR;
  const path = p.reader.bytes;
  const slash = parentEnd(path, start, end);
  if (slash < 0 || isUndeletable(path, start, end)) return ErrorCode.BADARGUMENTS;
  const parent = p.obtain(path, start, slash);
  const node = p.obtain(path, start, end);
  const isStale = by === 'server' && node.exists && isBeingWritten(p, node, path, start, end);
  const code = isStale ? ErrorCode.BADVERSION : refuseDeletion(p, parent, node, expected, by);
  if (code === ErrorCode.OK) {
    p.writer.range(path, start, end);
    p.childRemoved(parent);
    p.removed(node);
  }
  p.overlay.discardUnchanged(node);
  p.overlay.discardUnchanged(parent);
  return code;
}

/** Whether a transaction that is not committed yet has written or created it. */
function isBeingWritten(p: Preparer, { words }: ChangeRecord, path: Uint8Array, start: number, end: number): boolean {
  const { tree } = p;
  const committed = tree.find(path, start, end);
  if (committed < 0) return true;
  return words[Field.mzxidHi] !== tree.mzxidHi(committed) || words[Field.mzxidLo] !== tree.mzxidLo(committed);
}

function refuseDeletion(p: Preparer, parent: ChangeRecord, node: ChangeRecord, expected: number, by: Deleter): number {
  if (!parent.exists) return ErrorCode.NONODE;
  if (by === 'client' && !p.guard.allowsRecord(parent, Perms.delete, p.context.ids)) return ErrorCode.NOAUTH;
  if (!node.exists) return ErrorCode.NONODE;
  if (by === 'server' && p.isEphemeral(node)) return ErrorCode.BADVERSION;
  if (nextVersion(node.words[Field.version]!, expected) === undefined) return ErrorCode.BADVERSION;
  return node.childCount > 0 ? ErrorCode.NOTEMPTY : ErrorCode.OK;
}

/** Validates setData, decoded, and writes the record. */
export function validateSetData(p: Preparer): number {
  const { writer, context } = p;
  const { pathStart: start, pathEnd: end, pathIsNull, dataStart, dataEnd, version: expected } = p.request;
  writer.ensure(end - start + (dataEnd - dataStart) + FIXED_BYTES);
  const path = p.reader.bytes;
  if (pathIsNull || start === end) return ErrorCode.BADARGUMENTS;
  const node = p.obtain(path, start, end);
  if (!node.exists) return leave(p, node, absenceCode(path, start, end));
  if (!p.guard.allowsRecord(node, Perms.write, context.ids)) return leave(p, node, ErrorCode.NOAUTH);
  if (p.options.enforceQuota && p.tree.quotas.isActive) {
    const difference = dataEnd - dataStart - committedLength(p, node);
    const code = difference === 0 ? ErrorCode.OK : p.tree.quotas.check(path, start, end, 0, difference);
    if (code !== ErrorCode.OK) return leave(p, node, code);
  }
  const version = nextVersion(node.words[Field.version]!, expected);
  if (version === undefined) return leave(p, node, ErrorCode.BADVERSION);

  // Path and data lie in the transaction as they lie in the request.
  writer.raw(path, start - 4, dataEnd);
  writer.int32(version);
  p.dataWritten(node, version, path, dataStart, dataEnd);
  return ErrorCode.OK;
}

/** Why there is no znode: a path that is not valid names none, so only one that is not found has to be looked at. */
function absenceCode(path: Uint8Array, start: number, end: number): number {
  return isValidPath(path, start, end) ? ErrorCode.NONODE : ErrorCode.BADARGUMENTS;
}

/** Quotas look at what is applied, not at what is pending (spec: server semantics, section 7.3). */
function committedLength(p: Preparer, record: ChangeRecord): number {
  const node = p.tree.findHashed(record.hash, record.path, 0, record.pathLength);
  return node < 0 ? 0 : Math.max(0, p.tree.dataLength(node));
}

/** Validates setACL and writes the record. The list is checked before the znode is looked for. */
export function validateSetAcl(p: Preparer): number {
  const { writer, context } = p;
  const { pathStart: start, pathEnd: end, pathIsNull, aclStart, aclEnd, version: expected } = p.request;
  const path = p.reader.bytes;
  if (pathIsNull || !isValidPath(path, start, end)) return ErrorCode.BADARGUMENTS;
  const aclError = p.aclFixup(path, aclStart, aclEnd);
  if (aclError !== ErrorCode.OK) return aclError;
  const node = p.obtain(path, start, end);
  if (!node.exists) return leave(p, node, ErrorCode.NONODE);
  if (!p.guard.allowsRecord(node, Perms.admin, context.ids)) return leave(p, node, ErrorCode.NOAUTH);
  const version = nextVersion(node.words[Field.aversion]!, expected);
  if (version === undefined) return leave(p, node, ErrorCode.BADVERSION);

  const recordBytes = end - start + (p.aclEnd - p.aclStart) + FIXED_BYTES;
  writer.ensure(recordBytes);
  if (recordBytes > p.options.maxTxnBytes) return leave(p, node, ErrorCode.MARSHALLINGERROR);
  writer.range(path, start, end);
  writer.raw(p.aclBytes, p.aclStart, p.aclEnd);
  writer.int32(version);
  p.overlay.touch(node);
  p.uncount(node);
  p.change(node, Field.aversion, version);
  p.assignAcl(node);
  p.count(node);
  return ErrorCode.OK;
}

/** Validates check, which exists only inside a multi, and writes the record. */
export function validateCheck(p: Preparer): number {
  const { writer } = p;
  const { pathStart: start, pathEnd: end, pathIsNull, version: expected } = p.request;
  writer.ensure(end - start + FIXED_BYTES);
  const path = p.reader.bytes;
  if (pathIsNull || start === end) return ErrorCode.BADARGUMENTS;
  const node = p.obtain(path, start, end);
  if (!node.exists) return leave(p, node, absenceCode(path, start, end));
  if (!p.guard.allowsRecord(node, Perms.read, p.context.ids)) return leave(p, node, ErrorCode.NOAUTH);
  const version = nextVersion(node.words[Field.version]!, expected);
  if (version === undefined) return leave(p, node, ErrorCode.BADVERSION);
  writer.range(path, start, end);
  writer.int32(version);
  return leave(p, node, ErrorCode.OK);
}

function leave(p: Preparer, record: ChangeRecord, code: number): number {
  p.overlay.discardUnchanged(record);
  return code;
}
