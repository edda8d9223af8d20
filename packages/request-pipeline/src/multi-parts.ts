import { readInt32 } from '@zk/jute';
import { CreateMode, OpCode, isEphemeral } from '@zk/model';
import type { FrameReader } from './frame-reader.js';
import type { WriteRequest } from './write-request.js';

/** In place of a part of a multi: no part follows. */
export const END = 0;
/** In place of a part of a multi: what follows cannot be decoded. */
export const BROKEN = -1;

/** Bytes in front of a part: type, done, error. */
const PART_HEADER_BYTES = 9;

/**
 * Decodes the next part of a multi: the one place that knows what a multi may hold. What is null that may not be, and
 * flags that mean nothing, cannot be decoded there, as in Apache ZooKeeper.
 *
 * @param reader in front of the part; it is left behind it
 * @param request where the part is decoded
 * @returns the opcode of the part's transaction, {@link END} or {@link BROKEN}
 */
export function nextPart(reader: FrameReader, request: WriteRequest): number {
  const { at, bytes } = reader;
  if (at + PART_HEADER_BYTES > reader.limit) return BROKEN;
  reader.at = at + PART_HEADER_BYTES;
  if (bytes[at + 4] !== 0) return END;
  const type = readInt32(bytes, at);
  switch (type) {
    case OpCode.setData:
      return request.readSetData(reader) && !request.pathIsNull ? type : BROKEN;
    case OpCode.delete:
    case OpCode.check:
      return request.readPathAndVersion(reader) && !request.pathIsNull ? type : BROKEN;
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return request.readCreate(reader) ? kindOfCreate(request, type) : BROKEN;
    case OpCode.createTTL:
      return request.readCreateTtl(reader) ? kindOfCreateTtl(request) : BROKEN;
    default:
      return BROKEN;
  }
}

/** The flags decide here: they make any create one of a container. (A request by itself keeps its opcode.) */
function kindOfCreate({ flags, pathIsNull, aclIsNull }: WriteRequest, type: number): number {
  if (pathIsNull || aclIsNull || flags < CreateMode.persistent || flags > CreateMode.container) return BROKEN;
  return flags === CreateMode.container ? OpCode.createContainer : type;
}

/** A plain create where the flags have no use for a time to live. Flags that mean nothing are found out later. */
function kindOfCreateTtl({ flags, pathIsNull, aclIsNull }: WriteRequest): number {
  if (pathIsNull || aclIsNull) return BROKEN;
  if (flags === CreateMode.container) return OpCode.createContainer;
  const isPlain = flags >= CreateMode.persistent && flags <= CreateMode.ephemeralSequential;
  return isPlain ? OpCode.create : OpCode.createTTL;
}

/**
 * Whether a multi creates an ephemeral: what a session needs that only this server knows of (spec: server semantics,
 * section 10.6). What cannot be decoded creates nothing.
 *
 * @param reader at the body
 * @param request where each part is decoded
 */
export function multiCreatesEphemeral(reader: FrameReader, request: WriteRequest): boolean {
  for (let kind = nextPart(reader, request); kind > END; kind = nextPart(reader, request)) {
    if ((kind === OpCode.create || kind === OpCode.create2) && isEphemeral(request.flags)) return true;
  }
  return false;
}
