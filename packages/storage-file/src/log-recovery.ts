import { open, readdir, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntryVisitor, Logger, ReplayReport } from '@zk/contracts';
import { compare64, gapError, hex64, hiOf, int64, loOf, orderOf } from '@zk/model';
import type { Zxid } from '@zk/model';
import { keepCutEnd } from './cut-end.js';
import { syncDirectory } from './durable-fs.js';
import { ENTRY_FRAME_BYTES, logZxidOf } from './file-format.js';
import { readLog } from './log-reader.js';
import type { LogEnd } from './log-reader.js';

export interface RecoveryOptions {
  readonly maxEntryBytes: number;
  readonly logger: Logger;
  /** Cut a torn end; false while the last file is being written. */
  readonly isRepairing: boolean;
}

export interface LogFileInfo {
  readonly name: string;
  /** Zxid of its first entry. */
  readonly zxid: Zxid;
}

/** The log files of a directory, by the zxids in their names. */
export async function listLogs(directory: string): Promise<LogFileInfo[]> {
  const files: LogFileInfo[] = [];
  for (const name of await readdir(directory)) {
    const zxid = logZxidOf(name);
    if (zxid !== undefined) files.push({ name, zxid });
  }
  return files.sort((a, b) => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : 0));
}

/** The place of the file that would hold `zxid`: the last one that begins at or before it; -1 when there is none. */
function fileWith(files: readonly LogFileInfo[], zxid: Zxid): number {
  return files.findLastIndex((file) => file.zxid <= zxid);
}

/** See `TxnLog.replay`. */
export async function replayLogs(
  directory: string,
  after: Zxid,
  visit: EntryVisitor,
  options: RecoveryOptions,
): Promise<ReplayReport> {
  const files = await withoutEmptyLast(directory, await listLogs(directory), options);
  const replay = new Replay(directory, after, visit, options);
  // As in Apache ZooKeeper, nothing before the file that holds the first wanted entry is read.
  const first = Math.max(0, fileWith(files, after + 1n));
  for (let i = first; i < files.length; i++) await replay.readFile(files[i]!.name, i === files.length - 1);
  // A file without entries tells nothing of the last zxid; the one before it does.
  for (let i = first - 1; i >= 0 && replay.lastZxid === undefined; i--) await replay.peekFile(files[i]!.name);
  return { entries: replay.visited, lastZxid: replay.lastZxid, torn: replay.torn };
}

class Replay {
  readonly #directory: string;
  readonly #visit: EntryVisitor;
  readonly #options: RecoveryOptions;
  readonly #afterHi: number;
  readonly #afterLo: number;
  readonly #mayBeginAnywhere: boolean;
  /** Of the entry before, once there is one. */
  #lastHi = 0;
  #lastLo = 0;
  #hasEntries = false;
  #repeated = 0;
  visited = 0;
  torn: ReplayReport['torn'];

  constructor(directory: string, after: Zxid, visit: EntryVisitor, options: RecoveryOptions) {
    this.#directory = directory;
    this.#visit = visit;
    this.#options = options;
    this.#afterHi = hiOf(after);
    this.#afterLo = loOf(after);
    this.#mayBeginAnywhere = after === -(2n ** 63n);
  }

  get lastZxid(): Zxid | undefined {
    return this.#hasEntries ? int64(this.#lastHi, this.#lastLo) : undefined;
  }

  async readFile(name: string, isLast: boolean): Promise<void> {
    const path = join(this.#directory, name);
    const repeatedBefore = this.#repeated;
    const end = await readLog(path, this.#options.maxEntryBytes, (hi, lo, bytes, start, entryEnd, offset) => {
      if (hi !== this.#lastHi || lo !== ((this.#lastLo + 1) | 0) || !this.#hasEntries) {
        this.#checkOrder(hi, lo, path, offset);
      }
      this.#hasEntries = true;
      this.#lastHi = hi;
      this.#lastLo = lo;
      if (compare64(hi, lo, this.#afterHi, this.#afterLo) <= 0) return true;
      this.visited++;
      this.#visit(hi, lo, bytes, start, entryEnd);
      return true;
    });
    if (this.#repeated > repeatedBefore) {
      this.#options.logger.warn(
        { file: path, count: this.#repeated - repeatedBefore },
        'entries repeat the zxid before them, as Apache ZooKeeper writes after some failed requests',
      );
    }
    if (end.kind === 'torn') await this.#endTorn(path, end, isLast);
  }

  async peekFile(name: string): Promise<void> {
    await readLog(join(this.#directory, name), this.#options.maxEntryBytes, (hi, lo) => {
      this.#hasEntries = true;
      this.#lastHi = hi;
      this.#lastLo = lo;
      return true;
    });
  }

  /**
   * Behind `after`, every zxid is its predecessor plus one, or the first of a later epoch. Up to there nothing is needed,
   * and there may be a jump: a learner that was sent a snapshot goes on behind it, in Apache ZooKeeper in the same file.
   */
  #checkOrder(hi: number, lo: number, path: string, offset: number): void {
    if (this.#hasEntries && hi === this.#lastHi && lo === this.#lastLo) {
      this.#repeated++;
      return;
    }
    const isNeeded = compare64(hi, lo, this.#afterHi, this.#afterLo) > 0;
    if (!isNeeded || (this.#mayBeginAnywhere && !this.#hasEntries)) return;
    const isPastAfter = this.#hasEntries && compare64(this.#lastHi, this.#lastLo, this.#afterHi, this.#afterLo) > 0;
    const beforeHi = isPastAfter ? this.#lastHi : this.#afterHi;
    const beforeLo = isPastAfter ? this.#lastLo : this.#afterLo;
    if (orderOf(hi, lo, beforeHi, beforeLo) !== 'next') throw gapError(path, offset, hi, lo, beforeHi, beforeLo);
  }

  async #endTorn(path: string, end: LogEnd & { kind: 'torn' }, isLast: boolean): Promise<void> {
    const { offset, reason } = end;
    // In an earlier file the process after the crash has left it there, as Apache ZooKeeper does; the check of the
    // order has the last word on whether anything is missing.
    if (!isLast || !this.#options.isRepairing) {
      this.#options.logger.info({ file: path, offset, reason }, 'ignoring the torn end of a log file');
      return;
    }
    const keptIn = await this.#keep(path, offset);
    await cut(path, offset);
    this.torn = { file: path, offset, reason };
    this.#options.logger.warn(
      { ...this.torn, keptIn },
      'cut the end of the last log file, which is no whole transaction: if this server crashed or lost power, nothing ' +
        'acknowledged is lost; if it was stopped in order, its disk is damaged',
    );
  }

  /** A start does not depend on it: it is for whoever looks into the damage. */
  async #keep(path: string, offset: number): Promise<string | undefined> {
    const { maxEntryBytes, logger } = this.#options;
    try {
      return await keepCutEnd(path, offset, maxEntryBytes + ENTRY_FRAME_BYTES);
    } catch (error) {
      logger.warn({ file: path, offset, err: error }, 'what is cut from the log could not be kept in a file');
      return undefined;
    }
  }
}

/** See `TxnLog.truncate`. A crash in between leaves a beginning of the log that still has `zxid` in it. */
export async function truncateLogs(
  directory: string,
  zxid: Zxid,
  options: Pick<RecoveryOptions, 'maxEntryBytes' | 'logger'>,
): Promise<void> {
  const files = await listLogs(directory);
  const holder = fileWith(files, zxid);
  const path = holder === -1 ? undefined : join(directory, files[holder]!.name);
  const endOffset = path === undefined ? undefined : await endOfEntry(path, zxid, options.maxEntryBytes);
  if (path === undefined || endOffset === undefined) {
    throw new Error(`Cannot truncate the log to zxid 0x${hex64(zxid)}: it is not in ${directory}`);
  }
  await removeLastFirst(directory, files.slice(holder + 1));
  await cut(path, endOffset);
  options.logger.info({ file: path, zxid: `0x${hex64(zxid)}`, offset: endOffset }, 'truncated the log');
}

/** See `TxnLog.clear`. */
export async function clearLogs(directory: string, logger: Logger): Promise<void> {
  const files = await listLogs(directory);
  await removeLastFirst(directory, files);
  if (files.length > 0) logger.info({ directory, files: files.length }, 'removed the log');
}

/** A crash in between leaves a beginning of the log. */
async function removeLastFirst(directory: string, files: readonly LogFileInfo[]): Promise<void> {
  for (const { name } of [...files].reverse()) {
    await rm(join(directory, name), { force: true });
    await syncDirectory(directory);
  }
}

/** The place behind the last entry with exactly this zxid. */
async function endOfEntry(path: string, zxid: Zxid, maxEntryBytes: number): Promise<number | undefined> {
  const wantedHi = hiOf(zxid);
  const wantedLo = loOf(zxid);
  let endOffset: number | undefined;
  await readLog(path, maxEntryBytes, (hi, lo, _bytes, start, end, offset) => {
    const order = compare64(hi, lo, wantedHi, wantedLo);
    if (order === 0) endOffset = offset + (end - start) + ENTRY_FRAME_BYTES;
    return order <= 0;
  });
  return endOffset;
}

async function cut(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * The newest file may be empty: the process ended, or power failed, between its creation and its first sync. It is
 * removed, since it would refuse the start of an older Apache ZooKeeper.
 */
async function withoutEmptyLast(
  directory: string,
  files: readonly LogFileInfo[],
  options: RecoveryOptions,
): Promise<readonly LogFileInfo[]> {
  const last = files.at(-1);
  if (last === undefined || !options.isRepairing) return files;
  const path = join(directory, last.name);
  if ((await stat(path)).size > 0 && !(await isAllZeroes(path))) return files;
  await unlink(path);
  await syncDirectory(directory);
  options.logger.warn({ file: path }, 'removed an empty log file');
  return files.slice(0, -1);
}

/** As a file system may leave it that had recorded the size of a new file and not yet its bytes. */
async function isAllZeroes(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const chunk = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) return true;
      if (chunk.subarray(0, bytesRead).some((byte) => byte !== 0)) return false;
    }
  } finally {
    await file.close();
  }
}
