import type {
  EntryVisitor,
  LoggedTxn,
  ReplayReport,
  SnapshotInfo,
  SnapshotStore,
  SnapshotWriter,
  StateStore,
  Storage,
  StorageLocation,
  StorageUsage,
  SyncStats,
  TxnLog,
  TxnLogListener,
} from '@zk/contracts';
import type { Zxid } from '@zk/model';
import type { MemoryStorage } from '@zk/storage-memory';
import type { Life } from './life.js';

/** What the disk does to those who use it. */
export interface DiskBehaviour {
  /** Hears of an entry that is appended. */
  readonly appended: (zxidHi: number, zxidLo: number, txn: Uint8Array) => void;
  /** Does it at the beginning or at the end of the time that it takes. @throws Error when the process has ended */
  readonly write: Write;
  /** The same for snapshots. */
  readonly writeSnapshot: Write;
  /** A snapshot is there now. */
  readonly snapshotWritten: (info: SnapshotInfo) => void;
  /** The log ends with this entry; undefined when it is empty. */
  readonly logEnds: (zxid: Zxid | undefined) => Promise<void>;
  /** Whether a snapshot cannot be read any more. */
  readonly isDamaged: (info: SnapshotInfo) => boolean;
  /** What the last crash has left of an entry that was being written. */
  readonly torn: () => ReplayReport['torn'];
}

type Write = <T>(action: () => Promise<T>) => Promise<T>;

export function gone(): Error {
  return new Error('the process has ended');
}

/** A storage as one process sees it: once its life is over, nothing that it still does reaches the disk. */
export class DiskView implements Storage {
  readonly log: TxnLog;
  readonly snapshots: SnapshotStore;
  readonly state: StateStore;

  constructor(
    private readonly storage: MemoryStorage,
    private readonly life: Life,
    behaviour: DiskBehaviour,
  ) {
    this.log = new LogView(storage.log, life, behaviour);
    this.snapshots = new SnapshotsView(storage.snapshots, behaviour);
    const { state } = storage;
    const { write } = behaviour;
    this.state = {
      read: (name) => state.read(name),
      write: (name, text) => write(() => state.write(name, text)),
      remove: (name) => write(() => state.remove(name)),
    };
  }

  get location(): StorageLocation {
    return this.storage.location;
  }

  open(): Promise<void> {
    return this.life.isOver ? Promise.reject(gone()) : this.storage.open();
  }

  usage(): Promise<StorageUsage> {
    return this.storage.usage();
  }

  purge(retain: number): Promise<readonly string[]> {
    return this.life.isOver ? Promise.reject(gone()) : this.storage.purge(retain);
  }

  close(): Promise<void> {
    return this.life.isOver ? Promise.resolve() : this.storage.close();
  }
}

class LogView implements TxnLog {
  constructor(
    private readonly log: TxnLog,
    private readonly life: Life,
    private readonly disk: DiskBehaviour,
  ) {}

  get entriesSinceRoll(): number {
    return this.log.entriesSinceRoll;
  }

  get bytesSinceRoll(): number {
    return this.log.bytesSinceRoll;
  }

  get pendingBytes(): number {
    return this.log.pendingBytes;
  }

  get syncStats(): SyncStats {
    return this.log.syncStats;
  }

  async replay(after: Zxid, visit: EntryVisitor): Promise<ReplayReport> {
    const report = await this.log.replay(after, visit);
    await this.disk.logEnds(report.lastZxid);
    return { ...report, torn: this.disk.torn() };
  }

  read(after: Zxid, upTo: Zxid, maxBytes: number): Promise<AsyncIterable<readonly LoggedTxn[]> | undefined> {
    return this.log.read(after, upTo, maxBytes);
  }

  append(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.life.isOver) return;
    this.disk.appended(zxidHi, zxidLo, bytes.slice(start, end));
    this.log.append(zxidHi, zxidLo, bytes, start, end);
  }

  sync(): void {
    if (!this.life.isOver) this.log.sync();
  }

  listen(listener: TxnLogListener): void {
    this.log.listen(listener);
  }

  roll(): void {
    if (!this.life.isOver) this.log.roll();
  }

  truncate(zxid: Zxid): Promise<void> {
    return this.disk.write(async () => {
      await this.log.truncate(zxid);
      await this.disk.logEnds(zxid);
    });
  }

  clear(): Promise<void> {
    return this.disk.write(async () => {
      await this.log.clear();
      await this.disk.logEnds(undefined);
    });
  }
}

class SnapshotsView implements SnapshotStore {
  constructor(
    private readonly snapshots: SnapshotStore,
    private readonly disk: DiskBehaviour,
  ) {}

  list(): Promise<readonly SnapshotInfo[]> {
    return this.snapshots.list();
  }

  async *read(info: SnapshotInfo): AsyncIterable<Uint8Array> {
    const damage = this.disk.isDamaged(info) ? 1 : 0;
    for await (const piece of this.snapshots.read(info)) {
      piece[piece.length >> 1]! ^= damage;
      yield piece;
    }
  }

  async create(zxid: Zxid): Promise<SnapshotWriter> {
    const writer = await this.disk.writeSnapshot(() => this.snapshots.create(zxid));
    return new WriterView(writer, this.disk);
  }

  removeAfter(zxid: Zxid): Promise<readonly string[]> {
    return this.disk.write(() => this.snapshots.removeAfter(zxid));
  }
}

class WriterView implements SnapshotWriter {
  constructor(
    private readonly writer: SnapshotWriter,
    private readonly disk: DiskBehaviour,
  ) {}

  get pendingBytes(): number {
    return this.writer.pendingBytes;
  }

  write(piece: Uint8Array<ArrayBuffer>): void {
    this.writer.write(piece);
  }

  seal(): void {
    this.writer.seal();
  }

  async commit(): Promise<SnapshotInfo> {
    const info = await this.disk.writeSnapshot(() => this.writer.commit());
    this.disk.snapshotWritten(info);
    return info;
  }

  abort(): Promise<void> {
    return this.writer.abort();
  }
}
