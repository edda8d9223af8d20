import { Field } from '@zk/data-tree';
import { writeInt32 } from '@zk/jute';
import type { ChangeRecord } from './change-record.js';
import { type Preparer, parentEnd } from './preparer.js';

/** Writes the record of createSession. */
export function writeCreateSession(p: Preparer, timeoutMs: number): void {
  p.writer.int32(timeoutMs);
}

/**
 * Writes the record of closeSession: the ephemerals of the session, as they will be when everything before it is
 * applied (spec: server semantics, section 10.5).
 */
export function writeCloseSession(p: Preparer, listPaths: boolean): void {
  const { tree, writer, overlay, context } = p;
  const doomed: ChangeRecord[] = [];
  const owned = tree.ephemeralsOf(context.sessionHi, context.sessionLo);
  if (owned !== undefined) {
    for (const node of owned) {
      const path = new Uint8Array(tree.pathLength(node));
      tree.copyPath(node, path, 0);
      const record = p.obtain(path, 0, path.length);
      if (isOwned(p, record)) doomed.push(record);
      else overlay.discardUnchanged(record);
    }
  }
  if (overlay.ephemerals.size > 0) {
    const known = new Set(doomed);
    for (const record of overlay.ephemerals) if (isOwned(p, record) && !known.has(record)) doomed.push(record);
  }

  const countAt = writer.at - writer.start;
  if (listPaths) {
    writer.ensure(4);
    writer.int32(doomed.length);
  }
  for (const record of doomed) {
    if (listPaths) {
      writer.ensure(record.pathLength + 4);
      writer.range(record.path, 0, record.pathLength);
    }
    const parent = p.obtain(record.path, 0, parentEnd(record.path, 0, record.pathLength));
    p.childRemoved(parent);
    p.removed(record);
  }
  if (listPaths) writeInt32(writer.bytes, writer.start + countAt, doomed.length);
}

function isOwned(p: Preparer, record: ChangeRecord): boolean {
  const { words } = record;
  return (
    record.exists &&
    words[Field.ownerHi] === p.context.sessionHi &&
    words[Field.ownerLo] === p.context.sessionLo &&
    p.isEphemeral(record)
  );
}
