import { ErrorCode, type Id, OpCode, isEphemeral } from '@zk/model';
import type { EagerAclCheck } from './eager-acl-check.js';
import type { FrameReader } from './frame-reader.js';
import { multiCreatesEphemeral } from './multi-parts.js';
import { WriteRequest } from './write-request.js';

/**
 * What is to be known of a write where its client is connected, before anybody decides on it: whether permissions are
 * wanting, and whether it creates an ephemeral, which a session needs more for than to be known to this server alone
 * (spec: server semantics, section 10.6). A create is decoded once for both.
 */
export class EarlyLook {
  private readonly request = new WriteRequest();
  private type = 0;
  private isCreate = false;

  constructor(
    private readonly reader: FrameReader,
    private readonly eagerAclCheck: EagerAclCheck | undefined,
  ) {}

  /** Whether permissions are looked at. */
  get seesPermissions(): boolean {
    return this.eagerAclCheck !== undefined;
  }

  /** Turns to the body of a request. @returns false for a create that cannot be decoded: nothing is to be seen there */
  begin(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.reader.reset(bytes, start, end);
    this.type = type;
    this.isCreate = type === OpCode.create || type === OpCode.create2;
    return !this.isCreate || this.request.read(this.reader, type);
  }

  /** @returns OK where the request may be decided on */
  refusal(ids: readonly Id[]): number {
    const { reader, eagerAclCheck } = this;
    if (eagerAclCheck === undefined) return ErrorCode.OK;
    if (this.isCreate) return eagerAclCheck.refusalOfCreate(reader.bytes, this.request, ids);
    return eagerAclCheck.refusal(reader, this.type, ids);
  }

  createsEphemeral(): boolean {
    if (this.isCreate) return isEphemeral(this.request.flags);
    return this.type === OpCode.multi && multiCreatesEphemeral(this.reader, this.request);
  }
}
