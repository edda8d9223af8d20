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
import type { Agenda, SeededRandom } from '@zk/simulation';
import { MemoryStorage } from '@zk/storage-memory';
import { Life } from './life.js';

/** Hears of everything that is appended to any log. */
export type AppendListener = (zxidHi: number, zxidLo: number, txn: Uint8Array) => void;

/** Longest time a write to the disk takes while the disk is well, in ms. */
const MAX_WRITE_MS = 4;

/**
 * The disk of one machine, which outlives its processes. Syncs and writes take time; a crash keeps any beginning of what
 * was not synced, and a write that was going on has happened or has not.
 */
export class SimulatedDisk {
  /** How many times longer than usual everything takes. */
  slowness = 1;
  private life: Life;
  private readonly storage: MemoryStorage;

  constructor(
    private readonly agenda: Agenda,
    private readonly random: SeededRandom,
    private readonly onAppend: AppendListener,
  ) {
    this.life = new Life(agenda);
    this.storage = new MemoryStorage({ defer: (callback) => this.life.in(this.writeMs(), callback) });
  }

  /** What a process sees of it; the one before must have ended. */
  mount(life: Life): Storage {
    this.life = life;
    return new DiskView(this.storage, life, this.onAppend, (write) => this.write(life, write));
  }

  /** The process has ended. @param keepsWrites false when the power has failed: what was not synced is lost, or part of it */
  crash(keepsWrites: boolean): void {
    this.storage.crash({ keeps: (entries) => (keepsWrites ? entries : this.random.between(0, entries)) });
  }

  fill(): void {
    this.storage.failWrites(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
  }

  clean(): void {
    this.storage.allowWrites();
  }

  private writeMs(): number {
    return this.random.duration(0.1, MAX_WRITE_MS) * this.slowness;
  }

  /** Does it at the beginning or at the end of the time it takes; a process that ends in between is not told. */
  private async write<T>(life: Life, action: () => Promise<T>): Promise<T> {
    if (life.isOver) throw gone();
    const isEarly = this.random.chance(0.5);
    const early = isEarly ? await action() : undefined;
    await new Promise<void>((resolve) => this.agenda.in(this.writeMs(), resolve));
    if (life.isOver) throw gone();
    return isEarly ? (early as T) : action();
  }
}

type Write = <T>(action: () => Promise<T>) => Promise<T>;

function gone(): Error {
  return new Error('the process has ended');
}

/** A storage as one process sees it: once its life is over, nothing that it still does reaches the disk. */
class DiskView implements Storage {
  readonly log: TxnLog;
  readonly snapshots: SnapshotStore;
  readonly state: StateStore;

  constructor(
    private readonly storage: MemoryStorage,
    private readonly life: Life,
    onAppend: AppendListener,
    write: Write,
  ) {
    this.log = new LogView(storage.log, life, onAppend, write);
    this.snapshots = new SnapshotsView(storage.snapshots, write);
    const { state } = storage;
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
    private readonly onAppend: AppendListener,
    private readonly write: Write,
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

  replay(after: Zxid, visit: EntryVisitor): Promise<ReplayReport> {
    return this.log.replay(after, visit);
  }

  read(after: Zxid, upTo: Zxid, maxBytes: number): Promise<AsyncIterable<readonly LoggedTxn[]> | undefined> {
    return this.log.read(after, upTo, maxBytes);
  }

  append(zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.life.isOver) return;
    this.onAppend(zxidHi, zxidLo, bytes.slice(start, end));
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
    return this.write(() => this.log.truncate(zxid));
  }

  clear(): Promise<void> {
    return this.write(() => this.log.clear());
  }
}

class SnapshotsView implements SnapshotStore {
  constructor(
    private readonly snapshots: SnapshotStore,
    private readonly write: Write,
  ) {}

  list(): Promise<readonly SnapshotInfo[]> {
    return this.snapshots.list();
  }

  read(info: SnapshotInfo): AsyncIterable<Uint8Array> {
    return this.snapshots.read(info);
  }

  async create(zxid: Zxid): Promise<SnapshotWriter> {
    const writer = await this.write(() => this.snapshots.create(zxid));
    return new WriterView(writer, this.write);
  }

  removeAfter(zxid: Zxid): Promise<readonly string[]> {
    return this.write(() => this.snapshots.removeAfter(zxid));
  }
}

class WriterView implements SnapshotWriter {
  constructor(
    private readonly writer: SnapshotWriter,
    private readonly toDisk: Write,
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

  commit(): Promise<SnapshotInfo> {
    return this.toDisk(() => this.writer.commit());
  }

  abort(): Promise<void> {
    return this.writer.abort();
  }
}
