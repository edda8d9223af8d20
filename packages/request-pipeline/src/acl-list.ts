import type { SubmittedAcl } from '@zk/data-tree';
import { RecordReader, type RecordWriter } from '@zk/jute';
import type { Acl } from '@zk/model';

/** Decodes a vector of ACL entries; null stays null. */
export function readAclList(bytes: Uint8Array, start: number, end: number): readonly SubmittedAcl[] | null {
  // The range has been found well-formed; how long a string may be was decided with the length of the frame.
  const reader = new RecordReader(bytes, start, end, { maxLengthBytes: end - start });
  const count = reader.int32();
  if (count < 0) return null;
  const list: SubmittedAcl[] = [];
  for (let i = 0; i < count; i++) {
    list.push({ perms: reader.int32(), scheme: reader.ustring(), id: reader.ustring() });
  }
  return list;
}

export function writeAclList(writer: RecordWriter, list: readonly Acl[]): void {
  writer.int32(list.length);
  for (const { perms, scheme, id } of list) writer.int32(perms).ustring(scheme).ustring(id);
}
