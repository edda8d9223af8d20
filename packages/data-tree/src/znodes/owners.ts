/**
 * Which znodes belong to whom: the ephemerals of each session, the containers, the TTL nodes. Each is a doubly linked
 * list in order of creation. The links lie beside the records and exist only for chunks that hold such a znode, so a
 * tree without any pays nothing, and taking one out costs the same however many there are.
 */
import { int64 } from '@zk/model';
import { ZnodeKind } from './fields.js';
import { CHUNK_MASK, CHUNK_RECORDS, CHUNK_SHIFT } from './record-chunks.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const KIND = ZnodeKind;

/** One list. `head` and `tail` are znode ids, -1 when it is empty. */
export interface OwnerList {
  readonly hi: number;
  readonly lo: number;
  head: number;
  tail: number;
  count: number;
}

const CONTAINER_HI = 0x8000_0000 | 0;
const TTL_BYTE = 0xff;

/** What an ephemeralOwner as stored says about its znode (spec: server semantics, section 6.1). */
export function kindOfOwner(hi: number, lo: number, extendedTypes: boolean): number {
  if (hi === 0 && lo === 0) return KIND.persistent;
  if (hi === CONTAINER_HI && lo === 0) return KIND.container;
  if (extendedTypes && hi >>> 24 === TTL_BYTE && ((hi >>> 8) & 0xffff) === 0) return KIND.ttl;
  return KIND.ephemeral;
}

export class OwnerLists {
  readonly containers: OwnerList = { hi: CONTAINER_HI, lo: 0, head: -1, tail: -1, count: 0 };
  readonly ttlNodes: OwnerList = { hi: TTL_BYTE << 24, lo: 0, head: -1, tail: -1, count: 0 };
  ephemeralCount = 0;
  /** By upper, then by lower word of the session id: no bigint, no string on the way to a list. */
  private readonly sessions = new Map<number, Map<number, OwnerList>>();
  /** Two words per znode, next and previous; per chunk, made when first needed. */
  private readonly links: (Int32Array | undefined)[] = [];

  of(hi: number, lo: number): OwnerList | undefined {
    return this.sessions.get(hi)?.get(lo);
  }

  next(id: number): number {
    return this.links[id >>> CHUNK_SHIFT]![(id & CHUNK_MASK) * 2]!;
  }

  add(kind: number, hi: number, lo: number, id: number): void {
    if (kind === KIND.persistent) return;
    const list = this.listFor(kind, hi, lo);
    const links = (this.links[id >>> CHUNK_SHIFT] ??= new Int32Array(CHUNK_RECORDS * 2));
    const at = (id & CHUNK_MASK) * 2;
    links[at] = -1;
    links[at + 1] = list.tail;
    if (list.tail === -1) list.head = id;
    else this.links[list.tail >>> CHUNK_SHIFT]![(list.tail & CHUNK_MASK) * 2] = id;
    list.tail = id;
    list.count++;
    if (kind === KIND.ephemeral) this.ephemeralCount++;
  }

  remove(kind: number, hi: number, lo: number, id: number): void {
    if (kind === KIND.persistent) return;
    const list = this.listFor(kind, hi, lo);
    const links = this.links[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * 2;
    const next = links[at]!;
    const previous = links[at + 1]!;
    if (previous === -1) list.head = next;
    else this.links[previous >>> CHUNK_SHIFT]![(previous & CHUNK_MASK) * 2] = next;
    if (next === -1) list.tail = previous;
    else this.links[next >>> CHUNK_SHIFT]![(next & CHUNK_MASK) * 2 + 1] = previous;
    list.count--;
    if (kind !== KIND.ephemeral) return;
    this.ephemeralCount--;
    if (list.count === 0) this.dropSession(hi, lo);
  }

  /** Ids of a list; a znode may be deleted once the iteration has gone past it. */
  *ids(list: OwnerList): IterableIterator<number> {
    for (let id = list.head; id !== -1;) {
      const next = this.next(id);
      yield id;
      id = next;
    }
  }

  /** Sessions that own at least one ephemeral. */
  *owners(): IterableIterator<bigint> {
    for (const [hi, byLo] of this.sessions) for (const lo of byLo.keys()) yield int64(hi, lo);
  }

  private listFor(kind: number, hi: number, lo: number): OwnerList {
    if (kind === KIND.container) return this.containers;
    if (kind === KIND.ttl) return this.ttlNodes;
    let byLo = this.sessions.get(hi);
    if (byLo === undefined) this.sessions.set(hi, (byLo = new Map()));
    let list = byLo.get(lo);
    if (list === undefined) byLo.set(lo, (list = { hi, lo, head: -1, tail: -1, count: 0 }));
    return list;
  }

  private dropSession(hi: number, lo: number): void {
    const byLo = this.sessions.get(hi)!;
    byLo.delete(lo);
    if (byLo.size === 0) this.sessions.delete(hi);
  }
}
