import { MarshallingError, RecordReader } from '@zk/jute';
import type { Id } from '@zk/model';

const MAX_KNOWN = 16;

interface Known {
  readonly bytes: Uint8Array;
  readonly ids: readonly Id[];
}

/**
 * Lists of identities, decoded once: nearly every request on a connection comes with one that came before. Equal lists are
 * the same object.
 */
export class IdLists {
  private readonly known: Known[] = [];

  /** @throws MarshallingError */
  read(bytes: Uint8Array, start: number, end: number): readonly Id[] {
    for (const known of this.known) if (isEqual(known.bytes, bytes, start, end)) return known.ids;
    // How long a text may be was looked at when the length of the packet was.
    const reader = new RecordReader(bytes, start, end, { maxLengthBytes: end - start });
    const ids = reader.vector((element) => ({ scheme: text(element), id: text(element) }));
    if (ids === null) throw new MarshallingError('no list of identities', start);
    if (this.known.length === MAX_KNOWN) this.known.pop();
    this.known.unshift({ bytes: bytes.slice(start, end), ids });
    return ids;
  }
}

function text(reader: RecordReader): string {
  return reader.ustring() ?? '';
}

function isEqual(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
