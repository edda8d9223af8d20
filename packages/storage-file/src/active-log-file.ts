import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { FILE_HEADER_BYTES } from './file-format.js';
import type { LogDevice } from './log-device.js';
import type { Piece } from './log-segment.js';

/** Zeroes are asked for this many bytes at a time: a sync has that many more to write, and few syncs have new blocks. */
const FILL_SLICE_BYTES = 1024 * 1024;
const MAX_FILL_AHEAD_BYTES = 4 * 1024 * 1024;

/** Bytes after which a long batch lets the event loop turn. */
const WRITE_BURST_BYTES = 1024 * 1024;

/**
 * The log file that is being written. Everything up to `syncedBytes` is durable; up to `position` it has been handed to
 * the operating system; from there to `#filledTo` there are zeroes, which every reader takes for padding.
 *
 * The zeroes are there because a write into allocated blocks needs no change of the file's metadata, and its sync no
 * second trip to the journal: 20 to 30% more transactions per second under load. They are written off the event loop,
 * and never where an entry may be: a write that would reach into a fill in progress waits for it.
 */
export class ActiveLogFile {
  readonly path: string;
  readonly #device: LogDevice;
  readonly #fd: number;
  readonly #preAllocBytes: number;
  #position = 0;
  #syncedBytes = 0;
  #filledTo = 0;
  /** Behind this byte the file ends, as far as fills go. */
  #extentBytes = 0;
  #filling: Promise<void> | undefined;
  #mayFill = true;
  #isNameDurable = false;

  /** @throws as the medium refuses; an Error when a file with entries is there already */
  constructor(device: LogDevice, path: string, preAllocBytes: number) {
    this.#device = device;
    this.path = path;
    this.#preAllocBytes = preAllocBytes;
    this.#fd = createOrReplace(device, path);
  }

  get sizeBytes(): number {
    return this.#position;
  }

  get name(): string {
    return basename(this.path);
  }

  get durableBytes(): number {
    return this.#syncedBytes;
  }

  /** Hands pieces to the operating system. Synchronous for a batch of ordinary size. @throws as the medium refuses */
  write(pieces: readonly Piece[]): Promise<void> | undefined {
    const [first] = pieces;
    if (pieces.length === 1 && !this.#reachesIntoFill(first!)) return void this.#writePiece(first!);
    return this.#writeInTurns(pieces);
  }

  async #writeInTurns(pieces: readonly Piece[]): Promise<void> {
    let burstBytes = 0;
    for (const piece of pieces) {
      while (this.#reachesIntoFill(piece)) await this.#filling;
      this.#writePiece(piece);
      burstBytes += piece.length;
      if (burstBytes < WRITE_BURST_BYTES) continue;
      burstBytes = 0;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #reachesIntoFill({ length }: Piece): boolean {
    return this.#filling !== undefined && this.#position + length > this.#filledTo;
  }

  #writePiece({ bytes, length }: Piece): void {
    this.#device.write(this.#fd, bytes, length, this.#position);
    this.#position += length;
  }

  /**
   * Makes everything written durable, the name of the file included; resolves with the duration in milliseconds. It
   * counts as durable with {@link markSynced}, before which nothing more may be written.
   */
  sync(): Promise<number> {
    const syncing = this.#device.sync(this.#fd);
    return this.#isNameDurable ? syncing : this.#syncName(syncing);
  }

  async #syncName(syncing: Promise<number>): Promise<number> {
    const durationMs = await syncing;
    await this.#device.syncDirectory(dirname(this.path));
    this.#isNameDurable = true;
    return durationMs;
  }

  /** What has been written is durable, or counts as such where nobody asks for durability. */
  markSynced(): void {
    this.#syncedBytes = this.#position;
  }

  /** Sees to it that there are zeroes ahead; the further the file has grown, the more. */
  fillAhead(): void {
    const ahead = Math.min(MAX_FILL_AHEAD_BYTES, this.#preAllocBytes, Math.max(FILL_SLICE_BYTES, this.#position));
    if (this.#filling === undefined && this.#filledTo - this.#position < ahead / 2) {
      this.#fillTo(this.#position + ahead);
    }
  }

  /** The end is fixed when it begins, or else it would never end under load, and take a little in every batch. */
  #fillTo(end: number): void {
    // Writes in between may have passed the end of the zeroes.
    const start = Math.max(this.#filledTo, this.#position);
    const length = Math.min(FILL_SLICE_BYTES, end - start);
    if (length <= 0 || !this.#mayFill) return;
    this.#filledTo = start;
    this.#extentBytes = start + length;
    this.#filling = this.#device.fill(this.#fd, start, length).then(
      () => {
        this.#filledTo = start + length;
        this.#filling = undefined;
        this.#fillTo(end);
      },
      // Whether there is space for entries is for the next write to find out.
      () => {
        this.#filling = undefined;
      },
    );
  }

  /** Removes everything behind the last synced byte. */
  async cutBack(): Promise<void> {
    await this.#stopFilling();
    this.#position = this.#filledTo = this.#extentBytes = this.#syncedBytes;
    await this.#device.truncate(this.#fd, this.#syncedBytes);
    this.#mayFill = true;
  }

  /** Ends the file where its entries end. */
  async finish(): Promise<void> {
    await this.#stopFilling();
    if (this.#extentBytes > this.#position) await this.#device.truncate(this.#fd, this.#position);
    await this.#device.close(this.#fd);
  }

  /** Closes it as it is. */
  async abandon(): Promise<void> {
    await this.#stopFilling();
    await this.#device.close(this.#fd);
  }

  async #stopFilling(): Promise<void> {
    this.#mayFill = false;
    await this.#filling;
  }
}

/** A file of that name can only be left from an earlier process that wrote no entry into it. */
function createOrReplace(device: LogDevice, path: string): number {
  try {
    return device.create(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const head = new Uint8Array(FILE_HEADER_BYTES + 32);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  if (head.subarray(FILE_HEADER_BYTES).some((byte) => byte !== 0)) {
    throw new Error(`${path} exists and has entries: refusing to overwrite it`);
  }
  return device.reopenEmpty(path);
}
