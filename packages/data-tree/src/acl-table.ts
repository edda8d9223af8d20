/**
 * Access control lists, each kept once and named by a small integer that every znode with that list carries (spec:
 * server semantics, section 12.4). Lists are compared by their encoded bytes. Nearly all znodes of a tree share one or
 * two lists, so the list that was asked for last is compared first: then neither interning nor releasing touches a map.
 */
import type { Acl } from '@zk/model';
import { OPEN_ACL_UNSAFE, Perms } from '@zk/model';
import { MarshallingError, equalBytes, readInt32, utf8Bytes, utf8Text, writeInt32 } from '@zk/jute';
import { isSameRange } from './znodes/bytes.js';

/** The key of the open list (world:anyone, everything), which is also what an absent or empty list means. */
export const OPEN_ACL_KEY = -1;

interface Entry {
  readonly key: number;
  readonly bytes: Uint8Array;
  readonly hash: number;
  readonly worldPerms: number;
  decoded: readonly Acl[] | undefined;
  uses: number;
  /** The next list with the same hash. */
  next: Entry | undefined;
}

/** Denies everybody: stands in for a list that a snapshot refers to and does not contain. */
const NOBODY: readonly Acl[] = Object.freeze([{ perms: 0, scheme: 'world', id: 'anyone' }]);

const NO_ENTRIES: readonly Acl[] = Object.freeze([]);

/** The wire form of a list. Allocates. */
export function encodeAcls(acls: readonly Acl[]): Uint8Array<ArrayBuffer> {
  const texts = acls.map(({ scheme, id }) => [utf8Bytes(scheme), utf8Bytes(id)] as const);
  const size = texts.reduce((sum, [scheme, id]) => sum + 12 + scheme.length + id.length, 4);
  const out = new Uint8Array(size);
  writeInt32(out, 0, acls.length);
  let at = 4;
  acls.forEach(({ perms }, i) => {
    writeInt32(out, at, perms);
    at += 4;
    for (const text of texts[i]!) {
      writeInt32(out, at, text.length);
      out.set(text, at + 4);
      at += 4 + text.length;
    }
  });
  return out;
}

/**
 * The end of the vector<ACL> that begins at `start`.
 * @throws MarshallingError when it does not end before `end`
 */
export function endOfAcls(bytes: Uint8Array, start: number, end: number): number {
  if (start + 4 > end) throw new MarshallingError('a list of ACLs that is cut off', start);
  const count = readInt32(bytes, start);
  let at = start + 4;
  for (let i = 0; i < count; i++) {
    at += 4;
    for (let text = 0; text < 2; text++) {
      const length = at + 4 <= end ? readInt32(bytes, at) : end;
      at += length === -1 ? 4 : 4 + length;
      if (length < -1 || at > end) throw new MarshallingError('a list of ACLs that is cut off', start);
    }
  }
  return at;
}

export class AclTable {
  private readonly byKey = new Map<number, Entry>();
  private readonly byHash = new Map<number, Entry>();
  private last: Entry | undefined;
  /** The highest key ever given; keys are not used twice. */
  private lastKey = 0;
  /** Behind the list of the last {@link internAt}. */
  scannedTo = 0;
  private readonly openBytes = encodeAcls(OPEN_ACL_UNSAFE);

  /** Lists in use. */
  get size(): number {
    return this.byKey.size;
  }

  /**
   * The key of an encoded vector<ACL>, entered when it is new; counts one use, which {@link release} gives back. An
   * absent or empty list is the open one.
   */
  intern(bytes: Uint8Array, start: number, end: number): number {
    const last = this.last;
    if (last !== undefined && equalBytes(last.bytes, 0, last.bytes.length, bytes, start, end)) {
      last.uses++;
      return last.key;
    }
    if (readInt32(bytes, start) <= 0) return OPEN_ACL_KEY;
    const hash = hashOf(bytes, start, end);
    let entry = this.byHash.get(hash);
    while (entry !== undefined && !equalBytes(entry.bytes, 0, entry.bytes.length, bytes, start, end))
      entry = entry.next;
    entry ??= this.enter(this.lastKey + 1, bytes.slice(start, end), hash);
    entry.uses++;
    this.last = entry;
    return entry.key;
  }

  /**
   * As {@link intern}, for a list that begins at `start` and ends somewhere before `limit`: {@link scannedTo} tells
   * where. An encoded list tells its own end, so one that begins with the bytes of the last list is the last list.
   * @throws MarshallingError when the list does not end before `limit`
   */
  internAt(bytes: Uint8Array, start: number, limit: number): number {
    const last = this.last;
    if (last !== undefined) {
      const end = start + last.bytes.length;
      if (end <= limit && isSameRange(last.bytes, 0, bytes, start, last.bytes.length)) {
        this.scannedTo = end;
        last.uses++;
        return last.key;
      }
    }
    this.scannedTo = endOfAcls(bytes, start, limit);
    return this.intern(bytes, start, this.scannedTo);
  }

  /** Takes one use away; a list without a use is forgotten. */
  release(key: number): void {
    if (key === OPEN_ACL_KEY) return;
    const entry = this.entry(key);
    if (entry === undefined || --entry.uses > 0) return;
    this.forget(entry);
  }

  /** The decoded list; empty for the open one. A key nobody gave denies everybody. */
  entries(key: number): readonly Acl[] {
    if (key === OPEN_ACL_KEY) return NO_ENTRIES;
    const entry = this.entry(key);
    return entry === undefined ? NOBODY : (entry.decoded ??= decode(entry.bytes));
  }

  /** What world:anyone may do: the answer to nearly every check, without looking at the list. */
  worldPerms(key: number): number {
    if (key === OPEN_ACL_KEY) return Perms.all;
    const entry = this.entry(key);
    return entry === undefined ? 0 : entry.worldPerms;
  }

  /** The list as vector<ACL>, to be read only; world:anyone with everything for the open one. */
  encoded(key: number): Uint8Array {
    if (key === OPEN_ACL_KEY) return this.openBytes;
    return this.entry(key)?.bytes ?? encodeAcls(NOBODY);
  }

  /** Keys in use. */
  keys(): IterableIterator<number> {
    return this.byKey.keys();
  }

  /** Enters a list under the key a snapshot gave it, without a use. Later keys are higher than any entered. */
  load(key: number, bytes: Uint8Array, start: number, end: number): void {
    const copy = bytes.slice(start, end);
    this.enter(key, copy, hashOf(copy, 0, copy.length));
  }

  /** Counts a use of a key that a snapshot's znode carries, whether or not the snapshot contained the list. */
  retainLoaded(key: number): boolean {
    if (key === OPEN_ACL_KEY) return true;
    let entry = this.entry(key);
    const isKnown = entry !== undefined;
    if (entry === undefined) {
      const nobody = encodeAcls(NOBODY);
      entry = this.enter(key, nobody, hashOf(nobody, 0, nobody.length));
    }
    entry.uses++;
    return isKnown;
  }

  /** Forgets every list without a use. */
  dropUnused(): void {
    for (const entry of [...this.byKey.values()]) if (entry.uses === 0) this.forget(entry);
  }

  private entry(key: number): Entry | undefined {
    const last = this.last;
    if (last !== undefined && last.key === key) return last;
    const entry = this.byKey.get(key);
    if (entry !== undefined) this.last = entry;
    return entry;
  }

  private enter(key: number, bytes: Uint8Array, hash: number): Entry {
    const decoded = undefined;
    const entry: Entry = { key, bytes, hash, worldPerms: worldPermsOf(bytes), decoded, uses: 0, next: undefined };
    entry.next = this.byHash.get(hash);
    this.byHash.set(hash, entry);
    this.byKey.set(key, entry);
    if (key > this.lastKey) this.lastKey = key;
    return entry;
  }

  private forget(entry: Entry): void {
    this.byKey.delete(entry.key);
    if (this.last === entry) this.last = undefined;
    const head = this.byHash.get(entry.hash);
    if (head === entry) {
      if (entry.next === undefined) this.byHash.delete(entry.hash);
      else this.byHash.set(entry.hash, entry.next);
      return;
    }
    for (let e = head; e !== undefined; e = e.next) if (e.next === entry) e.next = entry.next;
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  return hash;
}

function worldPermsOf(bytes: Uint8Array): number {
  return decode(bytes).reduce(
    (sum, { perms, scheme, id }) => (scheme === 'world' && id === 'anyone' ? sum | perms : sum),
    0,
  );
}

function decode(bytes: Uint8Array): readonly Acl[] {
  const acls: Acl[] = [];
  let at = 4;
  const text = (): string => {
    const length = Math.max(0, readInt32(bytes, at));
    at += 4 + length;
    return utf8Text(bytes, at - length, at);
  };
  for (let i = 0; i < readInt32(bytes, 0); i++) {
    const perms = readInt32(bytes, at);
    at += 4;
    acls.push({ perms, scheme: text(), id: text() });
  }
  return Object.freeze(acls);
}
