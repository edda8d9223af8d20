import type { Zxid } from '@zk/model';

/**
 * What a server keeps: a log of transactions, snapshots, and a few small files. An implementation is an adapter
 * (files, memory); every one passes the storage compliance suite.
 */
export interface Storage {
  /**
   * Checks what is there (format, permissions, leftovers) and locks it against a second server.
   * @throws CorruptionError, or an Error that says which path and what to do
   */
  open(): Promise<void>;
  readonly log: TxnLog;
  readonly snapshots: SnapshotStore;
  readonly state: StateStore;
  /** Bytes on the medium, for status. */
  usage(): Promise<StorageUsage>;
  /** Where the bytes are, for status; empty when nowhere. */
  readonly location: StorageLocation;
  /**
   * Removes snapshots older than the `retain` newest valid ones, and logs no kept snapshot needs. One that was read in vain,
   * so that an older one had to be read, does not count, and neither does one that is newer than the last one committed.
   * Nothing goes before a snapshot has been read whole or committed since the storage was opened, and that one stays until
   * a newer one is committed. Snapshots are committed and removed, and the log is cut, before or after a purge, not meanwhile.
   * @returns the names of what was removed
   * @throws RangeError for fewer than one
   */
  purge(retain: number): Promise<readonly string[]>;
  /** Syncs, closes, unlocks. Idempotent. */
  close(): Promise<void>;
}

export interface StorageUsage {
  readonly logBytes: number;
  readonly snapshotBytes: number;
}

export interface StorageLocation {
  readonly dataDir: string;
  readonly dataLogDir: string;
}

/**
 * Transactions in zxid order. An entry is a payload of bytes, encoded once by whoever made the transaction (TxnHeader,
 * record, optional digest); the log adds its own framing and checksum. It looks at nothing but the zxid in the TxnHeader,
 * which must be the one given to {@link append}. Zxids follow each other: each is its predecessor plus one, or the first
 * of a later epoch (counter 1); signed comparison orders them.
 */
export interface TxnLog {
  /**
   * Hands every entry with zxid > `after` to `visit`, in order; -2^63 asks for whatever there is. Otherwise the first one
   * must follow `after`: a log that begins later does not belong to the snapshot. Call before the first {@link append}.
   * A torn end of the last file is cut and reported: a crash while writing leaves one, and nothing in it was acknowledged. A
   * disk that damages the last entry after an orderly stop cannot be told from that. Anything else that is wrong throws. An entry
   * that repeats the zxid before it is handed over too: Apache ZooKeeper writes such ones.
   * @throws CorruptionError damage that is not a torn end, a gap between entries, an unreadable or foreign file
   */
  replay(after: Zxid, visit: EntryVisitor): Promise<ReplayReport>;

  /**
   * The log while it goes on being written: from the last entry at or before `after` on, up to and including `upTo`, as far
   * as entries are durable when the reading gets to them. An entry that repeats the zxid before it is left out. Each batch is
   * read when it is asked for, off the event loop, and small. Reading fails when what is to be read is purged or cut away
   * meanwhile, and with CorruptionError where entries are damaged or missing.
   * @param maxBytes to be read at most, by the sizes of files
   * @returns undefined when the log does not reach back to `after`, or there is more than `maxBytes`
   * @throws Error unless the storage is open
   */
  read(after: Zxid, upTo: Zxid, maxBytes: number): Promise<AsyncIterable<readonly LoggedTxn[]> | undefined>;

  /**
   * Takes a copy of `bytes[start, end)` as the entry of the zxid. Not durable, and not reported, before a sync that
   * began after it; {@link sync} must be called for that to happen. Never throws for reasons of the medium: see
   * {@link TxnLogListener.onFailure}.
   * @throws Error unless the storage is open; RangeError for an entry too long to be read back
   */
  append(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void;

  /**
   * Asks for everything appended so far to be made durable. Returns at once. One sync runs at a time; what is appended
   * meanwhile, and asked for by a call of this, forms the next batch, which starts by itself when the running one has
   * ended (group commit). Calling it once per turn of the event loop is enough.
   * @throws Error unless the storage is open
   */
  sync(): void;

  /** Sets who hears of durability and failure; once after each open, before the first append. */
  listen(listener: TxnLogListener): void;

  /** The next append begins a new file. */
  roll(): void;

  /** Entries and bytes appended since the last roll. */
  readonly entriesSinceRoll: number;
  readonly bytesSinceRoll: number;
  /** Bytes appended and not yet durable: what back-pressure looks at. */
  readonly pendingBytes: number;

  /**
   * Removes every entry with a greater zxid, durably. No append may be outstanding. Snapshots are left alone: see
   * {@link SnapshotStore.removeAfter}.
   * @throws Error when `zxid` itself is not in the log; nothing has changed then
   */
  truncate(zxid: Zxid): Promise<void>;

  /**
   * Removes every entry, durably, the last ones first: after a crash in between, a beginning of the log is left. No append
   * may be outstanding.
   */
  clear(): Promise<void>;

  /** Statistics of syncs, for status. */
  readonly syncStats: SyncStats;
}

export interface SyncStats {
  readonly count: number;
  readonly totalMs: number;
  /** 0 before the first. */
  readonly minMs: number;
  readonly maxMs: number;
  /** Half of the latest syncs took no longer; NaN before the first. */
  readonly medianMs: number;
  /** Syncs that took longer than the warning threshold. */
  readonly slow: number;
  /** Entries per batch: what becomes durable with one sync, or is written at once where nothing is synced. */
  readonly batches: BatchStats;
}

export interface BatchStats {
  readonly count: number;
  /** All entries. */
  readonly sum: number;
  /** 0 before the first. */
  readonly min: number;
  readonly max: number;
  /** Half of the latest batches were no larger; NaN before the first. */
  readonly median: number;
}

/** One entry that was read; the bytes are the reader's own. */
export interface LoggedTxn {
  readonly zxid: Zxid;
  readonly txn: Uint8Array;
}

/** One entry; the bytes are valid only during the call. */
export type EntryVisitor = (zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number) => void;

export interface ReplayReport {
  readonly entries: number;
  /** Zxid of the last entry in the log, even when it was not visited; undefined for an empty log. */
  readonly lastZxid: Zxid | undefined;
  /** The torn end that was cut, if any. */
  readonly torn: { readonly file: string; readonly offset: number; readonly reason: string } | undefined;
}

export interface TxnLogListener {
  /**
   * All entries up to and including this zxid are durable. Called in order, once per batch. No method of the listener is
   * ever called inside `append` or `sync`.
   */
  onDurable(zxidHi: number, zxidLo: number): void;
  /**
   * The medium refused a write before its sync (no space, I/O error). The log has cut itself back to the last durable
   * entry and dropped everything after it: nothing dropped was ever reported durable. Appends are ignored until
   * `onRecovered`. The log probes by itself until a write succeeds.
   */
  onFailure(error: Error): void;
  /** A probe succeeded; the next append follows the last durable entry. */
  onRecovered(): void;
  /** A sync failed, so what is on the medium is unknown: the process must stop. Nothing else is called after it. */
  onFatal(error: Error): void;
  /** A sync took longer than the warning threshold. */
  onSlowSync?(durationMs: number, bytes: number): void;
}

export interface SnapshotStore {
  /**
   * Complete snapshots, newest first: those whose last piece was a seal. Leftovers of an interrupted write are not listed, and
   * neither are snapshots of which the end is missing; those are reported to the logger.
   */
  list(): Promise<readonly SnapshotInfo[]>;

  /**
   * The uncompressed bytes of a snapshot, in pieces of any size; each piece is valid until the next is asked for. To load
   * one, read the newest first, to its end, and an older one only when that could not be used: {@link Storage.purge} goes by
   * what was read.
   * @throws CorruptionError when the compression or the file is damaged
   */
  read(info: SnapshotInfo): AsyncIterable<Uint8Array>;

  /**
   * Starts writing the snapshot of a zxid. It is listed only after {@link SnapshotWriter.commit}.
   * @throws Error while another one is being written
   */
  create(zxid: Zxid): Promise<SnapshotWriter>;

  /**
   * Removes every snapshot with a greater zxid, durably, and says which. To be called before the log is truncated to that
   * zxid: a later start from one of them would bring back what was truncated.
   */
  removeAfter(zxid: Zxid): Promise<readonly string[]>;
}

export interface SnapshotInfo {
  readonly zxid: Zxid;
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** One writer at a time. Checksum, compression and writing happen off the event loop. */
export interface SnapshotWriter {
  /** Takes over `piece`, which must own its whole ArrayBuffer; the caller must not touch it again. */
  write(piece: Uint8Array<ArrayBuffer>): void;
  /** A piece that has been written, to be filled anew: it spares the allocator. Undefined when there is none. */
  spare?(): Uint8Array<ArrayBuffer> | undefined;
  /** Appends a seal: Adler-32 of everything so far as int64, then the string "/" (spec: disk format, section 4). */
  seal(): void;
  /** Bytes written and not yet taken by the medium; the caller slows down on it. 0 once a write has failed. */
  readonly pendingBytes: number;
  /** Makes it durable under its final name. @throws when the medium refused anything */
  commit(): Promise<SnapshotInfo>;
  /** Removes what was written. Idempotent, also after a failed commit. */
  abort(): Promise<void>;
}

/** Small texts by name, replaced as a whole and durably: epochs, for one. */
export interface StateStore {
  /** The text as it was written, or as somebody edited it; undefined when it does not exist. */
  read(name: string): Promise<string | undefined>;
  /** Durable when it resolves; a crash leaves the old or the new text, never a mixture. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export const STORAGE = Symbol.for('@zk/Storage');
