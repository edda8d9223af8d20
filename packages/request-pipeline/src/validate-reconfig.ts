import { type ReconfigRequest, utf8Bytes, utf8Text } from '@zk/jute';
import { ErrorCode, Perms, type Zxid, int64 } from '@zk/model';
import type { FrameReader } from './frame-reader.js';
import { type Preparer, UNDECODABLE } from './preparer.js';

/** What the leader of an ensemble makes of a `reconfig`: the text of the new configuration, or an `ErrorCode`. */
export type PlanReconfig = (
  request: ReconfigRequest,
  version: Zxid,
) => { readonly text: string } | { readonly code: number };

const PATH = utf8Bytes('/zookeeper/config');
/** Of the znode of the configuration, always: its version is in its text. */
const NO_VERSION = -1;
const FIXED_BYTES = 16;

/**
 * Validates reconfig and writes the record: the new configuration becomes the data of `/zookeeper/config`
 * (spec: learner protocol, section 9). Permission is looked at last, as in Apache.
 */
export function validateReconfig(p: Preparer, isEnabled: boolean, plan: PlanReconfig | undefined): number {
  const request = readRequest(p.reader);
  if (request === undefined) return UNDECODABLE;
  if (!isEnabled) return ErrorCode.RECONFIGDISABLED;
  if (plan === undefined) return ErrorCode.UNIMPLEMENTED;
  const { zxidHi, zxidLo, ids } = p.context;
  const planned = plan(request, int64(zxidHi, zxidLo));
  if ('code' in planned) return planned.code;
  const node = p.obtain(PATH, 0, PATH.length);
  if (!node.exists || !p.guard.allowsRecord(node, Perms.write, ids)) {
    p.overlay.discardUnchanged(node);
    return node.exists ? ErrorCode.NOAUTH : ErrorCode.NONODE;
  }
  const data = utf8Bytes(planned.text);
  p.writer.ensure(PATH.length + data.length + FIXED_BYTES);
  p.writer.range(PATH, 0, PATH.length);
  p.writer.range(data, 0, data.length);
  p.writer.int32(NO_VERSION);
  p.dataWritten(node, NO_VERSION, data, 0, data.length);
  return ErrorCode.OK;
}

function readRequest(reader: FrameReader): ReconfigRequest | undefined {
  const joiningServers = readText(reader);
  const leavingServers = readText(reader);
  const newMembers = readText(reader);
  const [hi, lo] = [reader.int32(), reader.int32()];
  if (reader.failed) return undefined;
  return { joiningServers, leavingServers, newMembers, curConfigId: int64(hi, lo) };
}

function readText(reader: FrameReader): string | null {
  reader.range();
  return reader.failed || reader.isNull ? null : utf8Text(reader.bytes, reader.start, reader.end);
}
