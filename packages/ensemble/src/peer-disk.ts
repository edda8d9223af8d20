import type { Clock, Logger, Scheduler, SnapshotInfo, Storage } from '@zk/contracts';
import { CorruptionError, type Zxid, hex64, hiOf, int64, loOf } from '@zk/model';
import { EnsembleConfig } from '@zk/quorum';
import type { DiskContents, DiskWrite, Epochs, LogEntry, StoredEpochs } from '@zk/zab';
import { parseEpoch } from '@zk/zab';
import type { ReplicatedState } from './replicated-state.js';
import { loadHistory, withoutHoles } from './stored-history.js';

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
const SLICE_MS = 1.5;
const MAX_PENDING_BYTES = 32 << 20;
/** Of the log, for one learner; beyond that, and beyond the size of a snapshot, a snapshot is the better way to catch up. */
const MAX_READ_BYTES = 256 << 20;

export interface PeerDiskOptions {
  /** Entries handed over with what was loaded. */
  readonly recentCount: number;
  /** Asked once, at the opening; see `EnsembleOptions`. */
  readonly mayVoteEmpty?: () => Promise<boolean>;
  /** How long the log may be that is read for a learner; see `EnsembleOptions`. */
  readonly snapshotSizeFactor?: number;
}

export interface PeerDiskPorts {
  readonly storage: Storage;
  readonly state: ReplicatedState;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/**
 * The disk of one peer over a storage: epochs, log, snapshots, and the state loaded from them. Writes happen one after the
 * other, each after everything that was appended before it is durable (the contract of `@zk/zab`).
 */
export class PeerDisk {
  private readonly storage: Storage;
  private lastAppended: Zxid | undefined;
  private lastDurable: Zxid | undefined;
  /** The greatest zxid that may be in the log. */
  private lastLogged: Zxid = 0n;
  private isLogBroken = false;
  private isStopped = false;
  private mayVoteEmpty = true;
  private work: Promise<void> = Promise.resolve();
  private waiting: (() => void)[] = [];

  constructor(
    private readonly ports: PeerDiskPorts,
    private readonly options: PeerDiskOptions,
    private readonly host: PeerDiskHost,
  ) {
    this.storage = ports.storage;
  }

  /** @throws CorruptionError, or Error when an epoch file cannot be read */
  async open(): Promise<{ readonly epochs: StoredEpochs; readonly contents: DiskContents }> {
    await this.storage.open();
    this.mayVoteEmpty = (await this.options.mayVoteEmpty?.()) ?? true;
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
   * Entries from the last one at or before `after`, up to `upTo`, in batches, while the log goes on being written. It fails
   * where the log is damaged, or something may be missing.
   * @returns undefined when the log does not reach back that far, or there is too much of it
   */
  async read(after: Zxid, upTo: Zxid): Promise<AsyncIterable<readonly LogEntry[]> | undefined> {
    const { snapshots, log } = this.storage;
    const infos = await snapshots.list();
    const zxids = infos.map(({ zxid }) => zxid);
    const oldest = zxids.at(-1);
    // What is older than all snapshots nobody can vouch for: see `mayHideHole`.
    if (oldest === undefined || after < oldest) return undefined;
    const batches = await log.read(after, upTo, this.maxReadBytes(infos[0]!));
    // Guarded by peer-disk.spec.ts, 'nobody is handed what the log has from before …'.
    return batches && withoutHoles(batches, zxids);
  }

  private maxReadBytes({ sizeBytes }: SnapshotInfo): number {
    const { snapshotSizeFactor: factor } = this.options;
    if (factor === undefined) return Math.max(MAX_READ_BYTES, sizeBytes);
    return factor === 0 ? Infinity : factor * sizeBytes;
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
      this.ports.logger.error({ write: write.kind, err: error }, 'the disk refused a write of the ensemble');
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
        this.ports.state.clear();
        return undefined;
    }
  }

  /** Checks first, so that a refusal leaves everything as it was. Snapshots go before the log: see `removeAfter`. */
  private async truncate(to: Zxid): Promise<void> {
    const { snapshots } = this.storage;
    const base = (await snapshots.list()).find(({ zxid }) => zxid <= to);
    if (base === undefined) throw new Error(`no snapshot is as old as zxid 0x${hex64(to)}`);
    if (base.zxid !== to && !(await this.leadsTo(base.zxid, to))) {
      throw new Error(`the log cannot be cut behind zxid 0x${hex64(to)}`);
    }
    await snapshots.removeAfter(to);
    await this.cutBehind(to);
    this.lastLogged = this.lastAppended = this.lastDurable = to;
  }

  /** Whether the log goes on behind a snapshot, without a gap, and through `to`. */
  private async leadsTo(base: Zxid, to: Zxid): Promise<boolean> {
    let isFound = false;
    try {
      await this.storage.log.replay(base, (hi, lo) => {
        isFound ||= int64(hi, lo) === to;
      });
      return isFound;
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.ports.logger.warn({ after: `0x${hex64(base)}`, err: error }, 'the log cannot be read from there');
      return false;
    }
  }

  /**
   * The state as it is becomes all that a start finds. After a crash at any moment a start finds a state that holds whatever
   * this peer and the leader have in common: the old one, perhaps without what the leader does not have, or the new one.
   */
  private async install(zxid: Zxid): Promise<void> {
    const { snapshots, log } = this.storage;
    const newest = (await snapshots.list())[0];
    // A start goes by the newest snapshot, until that is removed. What is logged behind it must go before it does.
    if (newest !== undefined && newest.zxid > zxid) await log.clear();
    else await this.cutBehind(zxid);
    await this.writeSnapshot(zxid);
    await snapshots.removeAfter(zxid);
    // What is left of it may be another history's, or have a hole before the snapshot.
    await log.clear();
    this.lastLogged = this.lastAppended = this.lastDurable = zxid;
  }

  /** Entries with a greater zxid go. */
  private async cutBehind(zxid: Zxid): Promise<void> {
    if (this.lastLogged <= zxid) return;
    const { log } = this.storage;
    for await (const [last] of (await log.read(zxid, zxid, Infinity)) ?? []) return log.truncate(last!.zxid);
    await log.clear();
  }

  private async writeSnapshot(zxid: Zxid): Promise<SnapshotInfo> {
    const writer = await this.storage.snapshots.create(zxid);
    const dump = this.ports.state.dump('file', writer);
    try {
      while (writer.pendingBytes >= MAX_PENDING_BYTES || !dump.step(SLICE_MS, this.ports.clock)) {
        await new Promise<void>((resolve) => this.ports.scheduler.atTurnEnd(resolve));
        if (this.isStopped) throw new Error('the server stops');
      }
      return await writer.commit();
    } catch (error) {
      dump.cancel();
      await writer.abort();
      throw error;
    }
  }

  /** The state becomes what the disk leads to. */
  private async load(): Promise<DiskContents> {
    const { storage } = this;
    const { state, logger } = this.ports;
    const contents = await loadHistory(storage, state, this.options.recentCount, logger);
    const isEmpty = contents.lastZxid === 0n && (await storage.snapshots.list()).length === 0;
    // As Apache ZooKeeper does: a log without a snapshot before it is refused by a later start.
    if (isEmpty && this.mayVoteEmpty) await this.writeSnapshot(0n);
    this.lastLogged = this.lastAppended = this.lastDurable = contents.lastZxid;
    if (isEmpty && !this.mayVoteEmpty) return { ...contents, isUntrusted: true };
    const config = state.configText?.();
    return config === undefined ? contents : { ...contents, config: EnsembleConfig.parse(config) };
  }

  private async readEpoch(name: string): Promise<number | undefined> {
    const text = await this.storage.state.read(name);
    return text === undefined ? undefined : parseEpoch(name, text);
  }
}
