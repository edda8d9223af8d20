/**
 * Items as Curator's queues frame them (spec: recipes, section 7.1): a version, then each item behind a marker and its
 * length, then an end marker. One znode may hold many items; none is legal too. Bytes after the end are ignored.
 *
 *     00 01 00 01 | 01 | 00 00 00 03 | 61 62 63 | 02        "abc"
 */
const VERSION = 0x00010001;
const ITEM = 0x01;
const END = 0x02;

/** A znode in a queue does not hold what this queue writes. It stays where it is. */
export class QueueItemError extends Error {
  override readonly name = 'QueueItemError';
}

export function encodeItems(items: readonly Uint8Array[]): Uint8Array {
  const length = items.reduce((sum, item) => sum + 5 + item.length, 5);
  const data = new Uint8Array(length);
  const view = new DataView(data.buffer);
  view.setInt32(0, VERSION);
  let at = 4;
  for (const item of items) {
    data[at] = ITEM;
    view.setInt32(at + 1, item.length);
    data.set(item, at + 5);
    at += 5 + item.length;
  }
  data[at] = END;
  return data;
}

/** @throws QueueItemError */
export function decodeItems(data: Uint8Array): Uint8Array[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 4 || view.getInt32(0) !== VERSION) throw new QueueItemError('not an item: its version is unknown');
  const items: Uint8Array[] = [];
  for (let at = 4; at < data.length;) {
    if (data[at] === END) return items;
    if (data[at] !== ITEM) throw new QueueItemError(`byte ${at} is ${data[at]}, which starts no item`);
    const length = at + 5 <= data.length ? view.getInt32(at + 1) : -1;
    if (length < 0 || at + 5 + length > data.length) throw new QueueItemError(`the item at byte ${at} is cut short`);
    items.push(data.slice(at + 5, at + 5 + length));
    at += 5 + length;
  }
  throw new QueueItemError('the end is missing');
}
