import { copyBytes, writeInt32 } from '@zk/jute';
import { SYNC_CONNECTED, Xid } from '@zk/model';
import type { Outbox } from './outbox.js';

/** Encodes a watched event as a frame: header with the notification xid, then type, state, path. */
export function writeEvent(
  outbox: Outbox,
  eventType: number,
  path: Uint8Array,
  start: number,
  end: number,
  zxidHi: number,
  zxidLo: number,
): void {
  const length = end - start;
  const at = outbox.beginReply(Xid.notification, zxidHi, zxidLo, 0, 12 + length);
  const bytes = outbox.bytes;
  writeInt32(bytes, at, eventType);
  writeInt32(bytes, at + 4, SYNC_CONNECTED);
  writeInt32(bytes, at + 8, length);
  copyBytes(path, start, end, bytes, at + 12);
}
