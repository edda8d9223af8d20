import type { Clock, Logger, Scheduler, SnapshotInfo, Storage } from '@zk/contracts';
import { CorruptionError, type Zxid, hex64, hiOf, int64, loOf, parseHex64 } from '@zk/model';
import type { DiskContents, DiskWrite, Epochs, LogEntry, StoredEpochs } from '@zk/zab';
import { parseEpoch } from '@zk/zab';
import type { ReplicatedState } from './replicated-state.js';

export interface PeerDiskHost {
  durable(zxid: Zxid): void;
  written(ticket: number, disk: DiskContents | undefined): void;
  writeFailed(ticket: number, reason: string): void;
  logFailed(error: Error): void;
  logRecovered(): void;
  /** Nothing more can be known to be durable: the process must stop. */
  fatal(error: Error): void;
  /** Waited for before snapshots or the state are replaced: nobody else may be at them. */
  quiesce(): Promise<void>;
}

const ACCEPTED_EPOCH = 'acceptedEpoch';
const CURRENT_EPOCH = 'currentEpoch';
/**
 * The zxid of the last snapshot that was taken over from a leader. What the log has before it may be another history's,
 * or have a hole before it: it is not read again, neither for a start nor for a learner. Ours alone; Apache ZooKeeper
 * leaves the file be.
 */
const HISTORY_START = 'historyStart';

const SLICE_MS = 1.5;
const MAX_PENDING_BYTES = 32 << 20;
/** Entries of the log that a learner is handed at a time. */
const PIECE_ENTRIES = 1000;
/** Beyond that a snapshot is the better way to catch up. */
const MAX_READ_BYTES = 256 << 20;

/**
 * The disk of one peer over a storage: epochs, log, snapshots, and the state loaded from them. Writes happen one after the
 * other, each after everything that was appended before it is durable (the contract of `@zk/zab`).
 */
export class PeerDisk {
  private historyStart: Zxid = 0n;
  private lastAppended: Zxid | undefined;
  private lastDurable: Zxid | undefined;
  /** The greatest zxid that may be in the log. */
  private lastLogged: Zxid = 0n;
  private isLogBroken = false;
  private isStopped = false;
  private work: Promise<void> = Promise.resolve();
  private waiting: (() => void)[] = [];

  constructor(
    private readonly storage: Storage,
    private readonly state: ReplicatedState,
    private readonly recentCount: number,
    private readonly clock: Clock,
    private readonly scheduler: Scheduler,
    private readonly logger: Logger,
    private readonly host: PeerDiskHost,
  ) {}

  /** @throws CorruptionError, or Error when an epoch file cannot be read */
  async open(): Promise<{ readonly epochs: StoredEpochs; readonly contents: DiskContents }> {
    await this.storage.open();
    const contents = await this.load();
    this.storage.log.listen({
      onDurable: (hi, lo) => this.durable(int64(hi, lo)),
      onFailure: (error) => this.logFailed(error),
      onRecovered: () => {
        this.isLogBroken = false;
        this.host.logRecovered();
      },
      onFatal: (error) => this.host.fatal(error),
    });
    const accepted = await this.readEpoch(ACCEPTED_EPOCH);
    const current = await this.readEpoch(CURRENT_EPOCH);
    return { epochs: { accepted, current, lastZxid: contents.lastZxid }, contents };
  }

  /** After a start: what was missing or was put right. */
  async keepEpochs(stored: StoredEpochs, restored: Epochs): Promise<void> {
    if (stored.accepted !== restored.accepted)
      await this.storage.state.write(ACCEPTED_EPOCH, String(restored.accepted));
    if (stored.current !== restored.current) await this.storage.state.write(CURRENT_EPOCH, String(restored.current));
  }

  append({ zxid, txn }: LogEntry): void {
    if (this.isLogBroken || this.isStopped) return;
    this.lastAppended = this.lastLogged = zxid;
    this.storage.log.append(hiOf(zxid), loOf(zxid), txn, 0, txn.length);
  }

  sync(): void {
    if (!this.isStopped) this.storage.log.sync();
  }

  write(ticket: number, write: DiskWrite): void {
    this.work = this.work.then(() => this.perform(ticket, write));
  }

  /**
   * Entries from the last one at or before `after`, up to `upTo`, in pieces; undefined when the log does not reach back that
   * far, or is damaged, or there is too much of it.
   */
  async read(after: Zxid, upTo: Zxid): Promise<readonly (readonly LogEntry[])[] | undefined> {
    const infos = await this.storage.snapshots.list();
    // Guarded by peer-disk.spec.ts, 'nobody is handed what the log has from before …'.
    const start = [...infos.map(({ zxid }) => zxid), this.historyStart]
      .filter((zxid) => zxid < after && zxid >= this.historyStart)
      .reduce<Zxid | undefined>((best, zxid) => (best === undefined || zxid > best ? zxid : best), undefined);
    if (start === undefined) return undefined;
    let before: LogEntry | undefined;
    const entries: LogEntry[] = [];
    let sizeBytes = 0;
    const isRead = await this.scan(start, (zxid, bytes, from, to) => {
      if (zxid > upTo || sizeBytes > MAX_READ_BYTES) return;
      const entry = { zxid, txn: bytes.slice(from, to) };
      if (zxid <= after) before = entry;
      else entries.push(entry);
      sizeBytes += to - from;
    });
    if (!isRead || before === undefined || sizeBytes > MAX_READ_BYTES) return undefined;
    entries.unshift(before);
    const pieces: LogEntry[][] = [];
    for (let i = 0; i < entries.length; i += PIECE_ENTRIES) pieces.push(entries.slice(i, i + PIECE_ENTRIES));
    return pieces;
  }

  /** Whether everything up to this zxid is durable. */
  isDurable(zxid: Zxid): boolean {
    return this.lastDurable !== undefined && zxid <= this.lastDurable;
  }

  /** Waits for what is being written, then closes the storage. */
  async close(): Promise<void> {
    this.isStopped = true;
    this.wake();
    await this.work;
    await this.storage.close();
  }

  // Durability

  private durable(zxid: Zxid): void {
    this.lastDurable = zxid;
    this.host.durable(zxid);
    this.wake();
  }

  private logFailed(error: Error): void {
    this.isLogBroken = true;
    this.lastAppended = this.lastDurable;
    this.host.logFailed(error);
    this.wake();
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Until everything appended so far is durable, or never will be. */
  private async settled(): Promise<void> {
    const upTo = this.lastAppended;
    while (!this.isStopped && !this.isLogBroken && upTo !== undefined && (this.lastDurable ?? 0n) < upTo) {
      this.storage.log.sync();
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  // Writes

  private async perform(ticket: number, write: DiskWrite): Promise<void> {
    await this.settled();
    if (write.kind !== 'accepted-epoch' && write.kind !== 'current-epoch') await this.host.quiesce();
    if (this.isStopped) return;
    let disk: DiskContents | undefined;
    try {
      disk = await this.performOne(write);
    } catch (error) {
      this.logger.error({ write: write.kind, err: error }, 'the disk refused a write of the ensemble');
      if (!this.isStopped) this.host.writeFailed(ticket, error instanceof Error ? error.message : String(error));
      return;
    }
    if (!this.isStopped) this.host.written(ticket, disk);
  }

  private async performOne(write: DiskWrite): Promise<DiskContents | undefined> {
    switch (write.kind) {
      case 'accepted-epoch':
        await this.storage.state.write(ACCEPTED_EPOCH, String(write.epoch));
        return undefined;
      case 'current-epoch':
        await this.storage.state.write(CURRENT_EPOCH, String(write.epoch));
        return undefined;
      case 'truncate':
        await this.truncate(write.to);
        return this.load();
      case 'snapshot':
        await this.install(write.zxid);
        return undefined;
      case 'reload':
        return this.load();
      case 'clear':
        this.state.clear();
        return undefined;
    }
  }

  /** Checks first, so that a refusal leaves everything as it was. Snapshots go before the log: see `removeAfter`. */
  private async truncate(to: Zxid): Promise<void> {
    const { snapshots, log } = this.storage;
    const base = (await snapshots.list()).find(({ zxid }) => zxid <= to);
    if (base === undefined) throw new Error(`no snapshot is as old as zxid 0x${hex64(to)}`);
    let isFound = base.zxid === to;
    let isLogged = false;
    let hasLater = false;
    // From before the snapshot, where the log has that: the entry itself must be there to be cut behind.
    const start = base.zxid === to && this.historyStart < to ? this.historyStart : base.zxid;
    const isRead = await this.scan(start, (zxid) => {
      if (zxid === to) isFound = isLogged = true;
      else if (zxid > to) hasLater = true;
    });
    if (!isRead || !isFound || (hasLater && !isLogged)) {
      throw new Error(`the log cannot be cut behind zxid 0x${hex64(to)}`);
    }
    await snapshots.removeAfter(to);
    if (hasLater) await log.truncate(to);
    this.lastLogged = this.lastAppended = this.lastDurable = to;
  }

  /** The state as it is becomes all that a start finds. */
  private async install(zxid: Zxid): Promise<void> {
    const { snapshots, log, state } = this.storage;
    await snapshots.removeAfter(zxid);
    if (this.lastLogged > zxid) await this.cutLog(zxid);
    // Before the snapshot: once that is there, nothing before it may be read.
    await state.write(HISTORY_START, hex64(zxid));
    this.historyStart = zxid;
    await this.writeSnapshot(zxid);
    log.roll();
    this.lastLogged = zxid;
  }

  private async cutLog(zxid: Zxid): Promise<void> {
    let last: Zxid | undefined;
    let hasLater = false;
    const isRead = await this.scan(this.historyStart, (found) => {
      if (found <= zxid) last = found;
      else hasLater = true;
    });
    if (isRead && !hasLater) return;
    if (!isRead || last === undefined) {
      throw new Error(
        `the log has transactions after zxid 0x${hex64(zxid)} that the leader does not have, and none before: ` +
          'empty the data directories of this server, and let it fetch everything',
      );
    }
    await this.storage.log.truncate(last);
  }

  private async writeSnapshot(zxid: Zxid): Promise<SnapshotInfo> {
    const writer = await this.storage.snapshots.create(zxid);
    const dump = this.state.dump('file', writer);
    try {
      while (writer.pendingBytes >= MAX_PENDING_BYTES || !dump.step(SLICE_MS, this.clock)) {
        await new Promise<void>((resolve) => this.scheduler.atTurnEnd(resolve));
        if (this.isStopped) throw new Error('the server stops');
      }
      return await writer.commit();
    } catch (error) {
      dump.cancel();
      await writer.abort();
      throw error;
    }
  }

  // Reading

  /** The state becomes what the disk leads to. */
  private async load(): Promise<DiskContents> {
    const { snapshots, log, state } = this.storage;
    this.historyStart = parseHex64((await state.read(HISTORY_START))?.trim() ?? '0') ?? 0n;
    const infos = await snapshots.list();
    const snapshotZxid = await this.loadSnapshot(infos);
    let recent: LogEntry[] = [];
    let lastZxid = snapshotZxid;
    const report = await log.replay(snapshotZxid, (hi, lo, bytes, start, end) => {
      const entry = { zxid: int64(hi, lo), txn: bytes.slice(start, end) };
      this.state.apply(entry.txn, entry.zxid, 'recovery');
      lastZxid = entry.zxid;
      recent.push(entry);
      if (recent.length > 2 * this.recentCount) recent = recent.slice(-this.recentCount);
    });
    if (report.torn !== undefined) {
      this.logger.warn(
        report.torn,
        'the log ended in the middle of a write that was never acknowledged; it was cut there',
      );
    }
    // As Apache ZooKeeper does: a log without a snapshot before it is refused by a later start.
    if (infos.length === 0 && report.lastZxid === undefined) await this.writeSnapshot(0n);
    this.lastLogged = this.lastAppended = this.lastDurable = lastZxid;
    return { lastZxid, recent: recent.slice(-this.recentCount) };
  }

  /** Tries the snapshots from the newest on; a damaged one is passed over only when an older one exists. */
  private async loadSnapshot(infos: readonly SnapshotInfo[]): Promise<Zxid> {
    let firstError: unknown;
    for (const info of infos) {
      // What is before the history's start leads nowhere.
      if (info.zxid < this.historyStart && firstError !== undefined) break;
      try {
        const { name, zxid, sizeBytes } = info;
        const loader = this.state.load({ form: 'file', name, zxid, sizeBytes });
        for await (const piece of this.storage.snapshots.read(info)) loader.push(piece);
        loader.finish();
        return info.zxid;
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        firstError ??= error;
        this.logger.error({ snapshot: info.name, err: error }, 'a snapshot is damaged; trying the one before it');
      }
    }
    if (firstError !== undefined) throw firstError;
    this.state.clear();
    return 0n;
  }

  /** @returns false when the log does not begin there, or is damaged */
  private async scan(
    after: Zxid,
    visit: (zxid: Zxid, bytes: Uint8Array, start: number, end: number) => void,
  ): Promise<boolean> {
    try {
      await this.storage.log.replay(after, (hi, lo, bytes, start, end) => visit(int64(hi, lo), bytes, start, end));
      return true;
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.logger.warn({ after: `0x${hex64(after)}`, err: error }, 'the log cannot be read from there');
      return false;
    }
  }

  private async readEpoch(name: string): Promise<number | undefined> {
    const text = await this.storage.state.read(name);
    return text === undefined ? undefined : parseEpoch(name, text);
  }
}
