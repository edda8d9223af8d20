import { OpCode } from '@zk/model';

/** How the pipeline treats a request type. */
export const OpKind = Object.freeze({
  /** Not accepted from a client: answered with UNIMPLEMENTED, then closed. */
  unknown: 0,
  read: 1,
  write: 2,
  closeSession: 3,
  sync: 4,
  auth: 5,
  sasl: 6,
});

const kinds = new Uint8Array(128);
for (const type of [
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.ping,
  OpCode.getChildren2,
  OpCode.checkWatches,
  OpCode.removeWatches,
  OpCode.multiRead,
  OpCode.setWatches,
  OpCode.getEphemerals,
  OpCode.getAllChildrenNumber,
  OpCode.setWatches2,
  OpCode.addWatch,
  OpCode.whoAmI,
]) {
  kinds[type] = OpKind.read;
}
for (const type of [
  OpCode.create,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.multi,
  OpCode.create2,
  OpCode.reconfig,
  OpCode.createContainer,
  OpCode.createTTL,
]) {
  kinds[type] = OpKind.write;
}
kinds[OpCode.sync] = OpKind.sync;
kinds[OpCode.auth] = OpKind.auth;
kinds[OpCode.sasl] = OpKind.sasl;

/** The kind of a request type, whatever number it is. */
export function opKind(type: number): number {
  if (type >= 0 && type < kinds.length) return kinds[type]!;
  return type === OpCode.closeSession ? OpKind.closeSession : OpKind.unknown;
}
