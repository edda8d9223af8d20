/**
 * The watches themselves. An entry says that a watcher watches a place in one of the two tables, and in which modes
 * (spec: server semantics, section 9.1). It is six 32-bit words in a pool: a member of the place's list, so that an
 * event finds its watchers; a member of the watcher's list, so that a closing connection takes its watches with it; and
 * indexed by (watcher, place, table), so that the same watch set twice is one.
 *
 * Recursive watches have a list of their own at each place: an event looks at those of every ancestor, and should not
 * have to leaf through the other watches there.
 */
import { CHILD_LIST, DATA_LIST, RECURSIVE_LIST, mix } from './place-table.js';
import type { PlaceTable } from './place-table.js';
import { RecordPool } from './record-pool.js';
import { RefIndex } from './ref-index.js';

/** Modes of an entry. */
export const STANDARD = 1;
export const PERSISTENT = 2;
export const RECURSIVE = 4;
const ALL_MODES = 7;
/** The tables, as a bit beside the modes. */
export const DATA_TABLE = 0;
export const CHILD_TABLE = 8;
const WATCHER_SHIFT = 4;
const MAX_WATCHER = (1 << (31 - WATCHER_SHIFT)) - 1;

/** Words of an entry; the first is watcher, table and modes. */
const WHO = 0;
const PLACE = 1;
const NEXT_AT_PLACE = 2;
const PREVIOUS_AT_PLACE = 3;
const NEXT_OF_WATCHER = 4;
const PREVIOUS_OF_WATCHER = 5;
const WORDS = 6;

export class WatchEntries {
  private readonly entries = new RecordPool(WORDS);
  /** First entry of each watcher; -1 for none. */
  private heads: Int32Array = new Int32Array(64).fill(-1);
  /** Entries of each watcher in the data table. */
  private dataCounts = new Int32Array(64);
  /** Number of the last event that each watcher was collected for. */
  private stamps = new Int32Array(64);

  private soughtWho = 0;
  private soughtPlace = 0;
  private readonly index = new RefIndex(
    (entry) =>
      (this.entries.get(entry, WHO) & ~ALL_MODES) === this.soughtWho &&
      this.entries.get(entry, PLACE) === this.soughtPlace,
  );

  /** Entries in both tables. */
  get count(): number {
    return this.index.count;
  }

  /** Entries in the data table. */
  dataCount = 0;
  /** Entries with a recursive part. */
  recursiveCount = 0;
  /** Watchers with an entry in the data table. */
  dataWatcherCount = 0;
  /** Places with an entry in the data table. */
  dataPlaceCount = 0;

  /** Watchers collected for the present event. */
  recipients = new Int32Array(64);
  recipientCount = 0;
  /** Counts events. */
  eventNumber = 0;

  constructor(private readonly places: PlaceTable) {}

  /** -1 when there is none. */
  find(watcher: number, place: number, table: number): number {
    this.soughtWho = (watcher << WATCHER_SHIFT) | table;
    this.soughtPlace = place;
    return this.index.find(hashOf(this.soughtWho, place));
  }

  modesOf(entry: number): number {
    return this.entries.get(entry, WHO) & ALL_MODES;
  }

  placeOf(entry: number): number {
    return this.entries.get(entry, PLACE);
  }

  /** Modes accumulate. */
  add(watcher: number, place: number, table: number, modes: number): void {
    const known = this.find(watcher, place, table);
    if (known >= 0) {
      this.setModes(known, this.modesOf(known) | modes);
      return;
    }
    if (!(watcher >= 0 && watcher < this.heads.length)) this.growWatchers(watcher);
    const entry = this.entries.allocate();
    this.entries.set(entry, WHO, (watcher << WATCHER_SHIFT) | table | modes);
    this.entries.set(entry, PLACE, place);
    this.index.insert(entry, hashOf((watcher << WATCHER_SHIFT) | table, place));
    this.linkToWatcher(entry, watcher);
    if (table === DATA_TABLE) {
      if (!this.places.hasDataWatches(place)) this.dataPlaceCount++;
      if (this.dataCounts[watcher]++ === 0) this.dataWatcherCount++;
      this.dataCount++;
      if ((modes & RECURSIVE) !== 0) this.recursiveCount++;
    }
    this.linkToPlace(entry);
  }

  /** Takes modes away; the entry goes with its last one. Returns whether anything was taken. */
  drop(entry: number, modes: number): boolean {
    const before = this.modesOf(entry);
    const after = before & ~modes;
    if (after === before) return false;
    if (after === 0) this.remove(entry);
    else this.setModes(entry, after);
    return true;
  }

  /** First entry of a watcher; -1 for none. */
  firstOf(watcher: number): number {
    return this.heads[watcher] ?? -1;
  }

  nextOf(entry: number): number {
    return this.entries.get(entry, NEXT_OF_WATCHER);
  }

  nextAtPlace(entry: number): number {
    return this.entries.get(entry, NEXT_AT_PLACE);
  }

  watcherOf(entry: number): number {
    return this.entries.get(entry, WHO) >> WATCHER_SHIFT;
  }

  isInDataTable(entry: number): boolean {
    return (this.entries.get(entry, WHO) & CHILD_TABLE) === DATA_TABLE;
  }

  /** Watchers with data watches are among those below this one. */
  get watcherLimit(): number {
    return this.heads.length;
  }

  beginEvent(): void {
    this.recipientCount = 0;
    if (this.eventNumber === 0x7fffffff) {
      this.eventNumber = 0;
      this.stamps.fill(0);
    }
    this.eventNumber++;
  }

  /** Names the watchers of a list for the present event, each once per event, and takes their one-shot parts away. */
  collect(place: number, list: number): void {
    const { entries, stamps, eventNumber } = this;
    let next = -1;
    for (let entry = this.places.head(place, list); entry >= 0; entry = next) {
      next = entries.get(entry, NEXT_AT_PLACE);
      const who = entries.get(entry, WHO);
      const watcher = who >> WATCHER_SHIFT;
      if (stamps[watcher] !== eventNumber) {
        stamps[watcher] = eventNumber;
        this.pushRecipient(watcher);
      }
      if ((who & STANDARD) !== 0) {
        if ((who & ALL_MODES) === STANDARD) this.remove(entry);
        else entries.set(entry, WHO, who & ~STANDARD);
      }
    }
  }

  /** Names the recursive watchers of an ancestor; their one-shot parts there stay. */
  collectFromAncestor(place: number): void {
    const { entries, stamps, eventNumber } = this;
    for (let entry = this.places.head(place, RECURSIVE_LIST); entry >= 0; entry = entries.get(entry, NEXT_AT_PLACE)) {
      const watcher = entries.get(entry, WHO) >> WATCHER_SHIFT;
      if (stamps[watcher] === eventNumber) continue;
      stamps[watcher] = eventNumber;
      this.pushRecipient(watcher);
    }
  }

  private remove(entry: number): void {
    const place = this.placeOf(entry);
    const watcher = this.watcherOf(entry);
    this.index.remove(entry, hashOf(this.entries.get(entry, WHO) & ~ALL_MODES, place));
    this.unlinkFromPlace(entry);
    this.unlinkFromWatcher(entry, watcher);
    if (this.isInDataTable(entry)) {
      this.dataCount--;
      if (--this.dataCounts[watcher]! === 0) this.dataWatcherCount--;
      if (!this.places.hasDataWatches(place)) this.dataPlaceCount--;
      if ((this.modesOf(entry) & RECURSIVE) !== 0) this.recursiveCount--;
    }
    this.entries.release(entry);
  }

  private setModes(entry: number, modes: number): void {
    const before = this.modesOf(entry);
    if (before === modes) return;
    const who = (this.entries.get(entry, WHO) & ~ALL_MODES) | modes;
    if (((before ^ modes) & RECURSIVE) === 0) {
      this.entries.set(entry, WHO, who);
      return;
    }
    this.unlinkFromPlace(entry);
    this.entries.set(entry, WHO, who);
    this.linkToPlace(entry);
    this.recursiveCount += (modes & RECURSIVE) !== 0 ? 1 : -1;
  }

  private listOf(entry: number): number {
    const who = this.entries.get(entry, WHO);
    if ((who & CHILD_TABLE) !== 0) return CHILD_LIST;
    return (who & RECURSIVE) !== 0 ? RECURSIVE_LIST : DATA_LIST;
  }

  private linkToPlace(entry: number): void {
    const place = this.placeOf(entry);
    const list = this.listOf(entry);
    const next = this.places.head(place, list);
    this.entries.set(entry, NEXT_AT_PLACE, next);
    this.entries.set(entry, PREVIOUS_AT_PLACE, -1);
    if (next >= 0) this.entries.set(next, PREVIOUS_AT_PLACE, entry);
    this.places.setHead(place, list, entry);
  }

  private unlinkFromPlace(entry: number): void {
    const next = this.entries.get(entry, NEXT_AT_PLACE);
    const previous = this.entries.get(entry, PREVIOUS_AT_PLACE);
    if (next >= 0) this.entries.set(next, PREVIOUS_AT_PLACE, previous);
    if (previous >= 0) this.entries.set(previous, NEXT_AT_PLACE, next);
    else this.places.setHead(this.placeOf(entry), this.listOf(entry), next);
  }

  private linkToWatcher(entry: number, watcher: number): void {
    const next = this.heads[watcher]!;
    this.entries.set(entry, NEXT_OF_WATCHER, next);
    this.entries.set(entry, PREVIOUS_OF_WATCHER, -1);
    if (next >= 0) this.entries.set(next, PREVIOUS_OF_WATCHER, entry);
    this.heads[watcher] = entry;
  }

  private unlinkFromWatcher(entry: number, watcher: number): void {
    const next = this.entries.get(entry, NEXT_OF_WATCHER);
    const previous = this.entries.get(entry, PREVIOUS_OF_WATCHER);
    if (next >= 0) this.entries.set(next, PREVIOUS_OF_WATCHER, previous);
    if (previous >= 0) this.entries.set(previous, NEXT_OF_WATCHER, next);
    else this.heads[watcher] = next;
  }

  private pushRecipient(watcher: number): void {
    if (this.recipientCount === this.recipients.length) this.recipients = enlarged(this.recipients, 0, 0);
    this.recipients[this.recipientCount++] = watcher;
  }

  /** @throws RangeError for a watcher that is not a whole number from 0 to 2^27 - 1 */
  private growWatchers(watcher: number): void {
    if (!(watcher >= 0 && watcher <= MAX_WATCHER)) throw new RangeError(`watcher ${watcher} is out of range`);
    this.heads = enlarged(this.heads, watcher, -1);
    this.dataCounts = enlarged(this.dataCounts, watcher, 0);
    this.stamps = enlarged(this.stamps, watcher, 0);
  }
}

function enlarged(array: Int32Array, needed: number, filler: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(Math.max(array.length * 2, needed + 1)).fill(filler, array.length);
  grown.set(array);
  return grown;
}

function hashOf(who: number, place: number): number {
  return mix(who ^ Math.imul(place, 0x9e3779b1));
}
