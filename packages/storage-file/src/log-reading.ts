import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoggedTxn } from '@zk/contracts';
import { type Zxid, compare64, gapError, hiOf, int64, loOf, orderOf } from '@zk/model';
import { LogFileReader } from './log-reader.js';
import type { LogVisitor } from './log-reader.js';
import { listLogs } from './log-recovery.js';

/** Read at a time, and so the size of a batch: some hundred entries, well under a millisecond. */
const CHUNK_BYTES = 64 * 1024;

/** Where an entry lies. */
export interface LogPlace {
  readonly name: string;
  readonly zxid: Zxid;
  readonly offset: number;
}

/** What a reading has to know of the log that goes on being written. */
export interface LogReadingHost {
  readonly directory: string;
  readonly maxEntryBytes: number;
  /**
   * By the names of files, where the last reading has ended: the next one need not search from the beginning. Who brings a
   * learner up to date under load looks into the log again and again.
   */
  readonly marks: Map<string, LogPlace>;
  /** Durable bytes of the file that is being written; undefined for any other file: all of it is durable. */
  durableBytesOf(name: string): number | undefined;
  /** @throws Error once the log has been cut or closed since the reading began */
  assertUncut(): void;
}

/** See `TxnLog.read`. */
export async function readLogs(
  host: LogReadingHost,
  after: Zxid,
  upTo: Zxid,
  maxBytes: number,
): Promise<AsyncIterable<readonly LoggedTxn[]> | undefined> {
  const files = await listLogs(host.directory);
  let sizeBytes = 0;
  for (let i = files.length - 1; i >= 0; i--) {
    const { name, zxid } = files[i]!;
    if (zxid <= upTo) sizeBytes += await sizeOf(host, name);
    if (zxid > after) continue;
    const place = await findLast(host, name, after);
    if (place === undefined) continue;
    return sizeBytes - place.offset > maxBytes ? undefined : new LogReading(host, place, upTo);
  }
  return undefined;
}

async function sizeOf(host: LogReadingHost, name: string): Promise<number> {
  return host.durableBytesOf(name) ?? (await stat(join(host.directory, name))).size;
}

/** The last entry of a file at or before `after`. */
async function findLast(host: LogReadingHost, name: string, after: Zxid): Promise<LogPlace | undefined> {
  if (host.durableBytesOf(name) === 0) return undefined;
  const mark = host.marks.get(name);
  const reader = await openFile(host, name);
  try {
    if (mark !== undefined && mark.zxid <= after) reader.startAt(mark.offset);
    const [afterHi, afterLo] = [hiOf(after), loOf(after)];
    let last: { hi: number; lo: number; offset: number } | undefined;
    const visit: LogVisitor = (hi, lo, _bytes, _start, _end, offset) => {
      if (compare64(hi, lo, afterHi, afterLo) > 0) return false;
      if (last === undefined) last = { hi, lo, offset };
      else if (hi !== last.hi || lo !== last.lo) [last.hi, last.lo, last.offset] = [hi, lo, offset];
      return true;
    };
    while ((await reader.readChunk(visit)) === undefined) host.assertUncut();
    return last && { name, zxid: int64(last.hi, last.lo), offset: last.offset };
  } finally {
    await reader.close();
  }
}

function openFile(host: LogReadingHost, name: string): Promise<LogFileReader> {
  const { directory, maxEntryBytes } = host;
  const limitBytes = () => host.durableBytesOf(name) ?? Infinity;
  return LogFileReader.open(join(directory, name), { maxEntryBytes, chunkBytes: CHUNK_BYTES, limitBytes });
}

class LogReading implements AsyncIterable<readonly LoggedTxn[]> {
  readonly #host: LogReadingHost;
  readonly #start: LogPlace;
  readonly #upToHi: number;
  readonly #upToLo: number;
  #name: string;
  #batch: LoggedTxn[] = [];
  /** The entry before, once there is one, and where it lies. */
  #hasLast = false;
  #lastHi = 0;
  #lastLo = 0;
  #lastOffset = 0;

  constructor(host: LogReadingHost, start: LogPlace, upTo: Zxid) {
    this.#host = host;
    this.#start = start;
    this.#name = start.name;
    this.#upToHi = hiOf(upTo);
    this.#upToLo = loOf(upTo);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly LoggedTxn[]> {
    for (let offset: number | undefined = this.#start.offset; offset !== undefined;) {
      const reader = await openFile(this.#host, this.#name);
      try {
        if (offset > 0) reader.startAt(offset);
        for (let hasEnded = false; !hasEnded;) {
          hasEnded = (await reader.readChunk(this.#visit)) !== undefined;
          this.#host.assertUncut();
          if (this.#batch.length > 0) yield this.#take();
        }
        offset = this.#isComplete ? undefined : await this.#goOn(reader.offset);
      } finally {
        await reader.close();
      }
    }
    const zxid = int64(this.#lastHi, this.#lastLo);
    this.#host.marks.set(this.#name, { name: this.#name, zxid, offset: this.#lastOffset });
  }

  get #isComplete(): boolean {
    return this.#hasLast && compare64(this.#lastHi, this.#lastLo, this.#upToHi, this.#upToLo) >= 0;
  }

  readonly #visit: LogVisitor = (hi, lo, bytes, start, end, offset) => {
    if (this.#hasLast) {
      const order = orderOf(hi, lo, this.#lastHi, this.#lastLo);
      if (order === 'repeated') return true;
      if (order === 'gap') {
        throw gapError(join(this.#host.directory, this.#name), offset, hi, lo, this.#lastHi, this.#lastLo);
      }
      if (compare64(hi, lo, this.#upToHi, this.#upToLo) > 0) return false;
    }
    this.#batch.push({ zxid: int64(hi, lo), txn: bytes.slice(start, end) });
    this.#hasLast = true;
    this.#lastHi = hi;
    this.#lastLo = lo;
    this.#lastOffset = offset;
    return !this.#isComplete;
  };

  #take(): readonly LoggedTxn[] {
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }

  /** Where to go on behind the end of a file: in it, when more has become durable, or in the next one. */
  async #goOn(offset: number): Promise<number | undefined> {
    const { directory } = this.#host;
    const limitBytes = this.#host.durableBytesOf(this.#name);
    const files = await listLogs(directory);
    this.#host.assertUncut();
    if (limitBytes !== undefined) return this.#host.durableBytesOf(this.#name) === limitBytes ? undefined : offset;
    const at = files.findIndex(({ name }) => name === this.#name);
    // The oldest files are purged first: once this one is gone, so may be the one behind it.
    if (at === -1) throw new Error(`${this.#name} was purged while the log was being read`);
    const next = files[at + 1];
    if (next === undefined || this.#host.durableBytesOf(next.name) === 0) return undefined;
    this.#name = next.name;
    return 0;
  }
}
