import type { AuthProviders } from '@zk/contracts';
import { type DataTree, fixupAcls } from '@zk/data-tree';
import { ErrorCode, type Id, OpCode, Perms } from '@zk/model';
import type { AclGuard } from './acl-guard.js';
import { readAclList } from './acl-list.js';
import type { FrameReader } from './frame-reader.js';
import { parentEnd } from './preparer.js';
import type { WriteRequest } from './write-request.js';

/** Lists that would become longer than this are left to whoever decides on the request. */
const MAX_ENTRIES = 1000;

/**
 * Looks at permissions where a client is connected, before its request goes to the leader (`enableEagerACLCheck`; spec:
 * server semantics, section 12.5). It goes by what is applied here, and refuses nothing but what lacks a permission or has
 * an ACL list that cannot be stored: what the request names need not be there yet.
 */
export class EagerAclCheck {
  constructor(
    private readonly tree: DataTree,
    private readonly guard: AclGuard,
    private readonly providers: AuthProviders,
  ) {}

  /**
   * Of a create or create2, decoded.
   *
   * @returns NOAUTH, INVALIDACL, or OK where the leader is to decide
   */
  refusalOfCreate(bytes: Uint8Array, create: WriteRequest, ids: readonly Id[]): number {
    const { pathStart, pathEnd, pathIsNull, aclStart, aclEnd } = create;
    if (pathIsNull) return ErrorCode.OK;
    return (
      this.refusalOfList(bytes, aclStart, aclEnd, ids) ||
      this.refusalAt(bytes, pathStart, parentEnd(bytes, pathStart, pathEnd), Perms.create, ids)
    );
  }

  /**
   * Of any other write.
   *
   * @param reader at the body of the request
   * @returns NOAUTH, INVALIDACL, or OK where the leader is to decide
   */
  refusal(reader: FrameReader, type: number, ids: readonly Id[]): number {
    if (type !== OpCode.delete && type !== OpCode.setData && type !== OpCode.setACL) return ErrorCode.OK;
    reader.range();
    const { bytes, start, end, isNull } = reader;
    if (reader.failed || isNull) return ErrorCode.OK;
    switch (type) {
      case OpCode.delete:
        return this.refusalAt(bytes, start, parentEnd(bytes, start, end), Perms.delete, ids);
      case OpCode.setData:
        return this.refusalAt(bytes, start, end, Perms.write, ids);
      case OpCode.setACL:
        reader.aclRange();
        if (reader.failed) return ErrorCode.OK;
        return (
          this.refusalOfList(bytes, reader.start, reader.end, ids) ||
          this.refusalAt(bytes, start, end, Perms.admin, ids)
        );
    }
  }

  private refusalOfList(bytes: Uint8Array, start: number, end: number, ids: readonly Id[]): number {
    const list = readAclList(bytes, start, end);
    if (list !== null && list.length * (ids.length + 1) > MAX_ENTRIES) return ErrorCode.OK;
    return fixupAcls(list, ids, this.providers) === undefined ? ErrorCode.INVALIDACL : ErrorCode.OK;
  }

  /** @param end below `start` for the parent of a path that has none */
  private refusalAt(path: Uint8Array, start: number, end: number, perms: number, ids: readonly Id[]): number {
    const node = end < start ? -1 : this.tree.find(path, start, end);
    if (node < 0 || this.guard.allows(this.tree.aclKey(node), perms, ids)) return ErrorCode.OK;
    return ErrorCode.NOAUTH;
  }
}
