import { hex64 } from '@zk/model';
import type { DiskContents, DiskWrite, LogEntry, StoredEpochs, WritePoint } from '@zk/zab';
import { follows } from '@zk/zab';
import type { Agenda } from './agenda.js';
import type { EnsembleConfig } from '@zk/quorum';
import { type History, idOf } from './history.js';
import type { SeededRandom } from './random.js';
import { Violation } from './violation.js';

/** When a disk is to crash its host: as it begins a write, in the middle of it, or before anybody hears it is done. */
export interface CrashPlan {
  readonly point: WritePoint;
  readonly when: 'before' | 'within' | 'after';
}

export interface DiskHost {
  durable(zxid: bigint): void;
  written(ticket: number, disk: DiskContents | undefined, state: History | undefined): void;
  writeFailed(ticket: number, reason: string): void;
  logFailed(): void;
  logRecovered(): void;
  crash(reason: string): void;
}

type Operation =
  | { readonly kind: 'sync'; readonly point: WritePoint }
  | {
      readonly kind: 'write';
      readonly ticket: number;
      readonly write: DiskWrite;
      readonly point: WritePoint;
      readonly state: History;
    };

const RECENT = 500;

/**
 * The disk of one peer. What was synced survives a crash; of what was not, any prefix does, or nothing. Writes and syncs
 * take time, one after the other, and what is appended during a sync goes into the next one.
 */
export class SimulatedDisk {
  accepted: number | undefined;
  current: number | undefined;
  /** The file that says which configuration was committed last. */
  config: EnsembleConfig | undefined;
  snapshots: { readonly zxid: bigint; readonly state: History }[] = [];
  log: LogEntry[] = [];
  isFull = false;
  slowness = 1;
  crashPlan: CrashPlan | undefined;
  /** How often each place was written at, this life and before. */
  readonly written = new Map<WritePoint, number>();
  private buffer: LogEntry[] = [];
  private readonly queue: Operation[] = [];
  private running: Operation | undefined;
  private runningBatch = 0;
  private isLogBroken = false;
  private life = 0;
  /** Entries before this zxid have been purged. */
  private purgedTo = 0n;

  constructor(
    private readonly agenda: Agenda,
    private readonly random: SeededRandom,
    private readonly empty: History,
    private readonly host: DiskHost,
  ) {}

  /** What a start finds. @throws Violation when the log has a hole */
  load(): { readonly epochs: StoredEpochs; readonly contents: DiskContents; readonly state: History } {
    const snapshot = this.newestSnapshot();
    let state = snapshot?.state ?? this.empty;
    let last = snapshot?.zxid ?? 0n;
    if (last < this.purgedTo)
      throw new Violation('Restart', `no snapshot leads to the log, which begins after ${this.purgedTo}`);
    for (const entry of this.log) {
      if (entry.zxid <= last) continue;
      if (last !== 0n && !follows(last, entry.zxid))
        throw new Violation('Restart', `the log has ${hex64(entry.zxid)} after ${hex64(last)}`);
      state = state.then(entry);
      last = entry.zxid;
    }
    const recent = this.log.slice(-RECENT).filter((entry) => entry.zxid <= last);
    return {
      epochs: { accepted: this.accepted, current: this.current, lastZxid: last },
      contents: { lastZxid: last, recent, ...(state.config === undefined ? {} : { config: state.config }) },
      state,
    };
  }

  /** Whether this transaction would survive a crash now. */
  holds(zxid: bigint, id: number): boolean {
    const index = this.indexOf(zxid);
    if (this.log[index]?.zxid === zxid) return idOf(this.log[index]!) === id;
    const snapshot = this.newestSnapshot();
    return snapshot !== undefined && zxid <= snapshot.zxid && snapshot.state.has(zxid, id);
  }

  append(entry: LogEntry): void {
    if (!this.isLogBroken) this.buffer.push(entry);
  }

  sync(point: WritePoint): void {
    const last = this.queue[this.queue.length - 1];
    if (last?.kind !== 'sync') this.queue.push({ kind: 'sync', point });
    this.run();
  }

  write(ticket: number, write: DiskWrite, point: WritePoint, state: History): void {
    this.queue.push({ kind: 'write', ticket, write, point, state });
    this.run();
  }

  /** A periodic snapshot of what is applied and durable; older ones and their logs go, sometimes. */
  snapshot(zxid: bigint, state: History, keeps: number): void {
    if (this.snapshots.some((other) => other.zxid >= zxid)) return;
    this.snapshots.push({ zxid, state });
    if (keeps === 0) return;
    this.snapshots = this.snapshots.slice(-keeps);
    const oldest = this.snapshots[0]!.zxid;
    // The file that begins at or before the oldest snapshot stays: here, its last entry.
    const from = Math.max(0, this.indexOf(oldest + 1n) - 1);
    this.log = this.log.slice(from);
    this.purgedTo = oldest;
  }

  /** Entries from the last at or before `after`; undefined when the log does not reach back that far. */
  read(after: bigint, upTo: bigint): LogEntry[] | undefined {
    const index = this.indexOf(after + 1n) - 1;
    if (index < 0) return undefined;
    return this.log.slice(index).filter((entry) => entry.zxid <= upTo);
  }

  /** The process or the machine stops. Of what was being written something may remain, but never a mixture. */
  crash(): void {
    this.life++;
    const { running } = this;
    if (running?.kind === 'sync') this.keep(this.random.between(0, this.runningBatch));
    if (running?.kind === 'write')
      this.perform(running.write, running.state, this.random.pick(['none', 'half', 'all']));
    this.buffer = [];
    this.queue.length = 0;
    this.running = undefined;
    this.isLogBroken = false;
    this.crashPlan = undefined;
  }

  recover(): void {
    this.isFull = false;
    if (this.isLogBroken) this.host.logRecovered();
  }

  /** The host has heard of the recovery: what it appends from now on follows what is durable. */
  reopenLog(): void {
    this.isLogBroken = false;
  }

  private run(): void {
    if (this.running !== undefined) return;
    const operation = this.queue.shift();
    if (operation === undefined) return;
    if (this.isPlanned(operation.point, 'before')) return this.host.crash(`before ${operation.point}`);
    this.running = operation;
    this.runningBatch = this.buffer.length;
    const { life } = this;
    this.agenda.in(this.random.duration(0.1, 5) * this.slowness, () => {
      if (life === this.life) this.finish(operation);
    });
  }

  private finish(operation: Operation): void {
    if (this.isPlanned(operation.point, 'within')) return this.host.crash(`within ${operation.point}`);
    this.running = undefined;
    this.written.set(operation.point, (this.written.get(operation.point) ?? 0) + 1);
    if (operation.kind === 'sync') this.finishSync(operation);
    else this.finishWrite(operation);
    this.run();
  }

  private finishSync(operation: Operation): void {
    if (this.isFull) {
      if (this.isLogBroken) return;
      this.isLogBroken = true;
      this.buffer = [];
      return this.host.logFailed();
    }
    this.keep(this.runningBatch);
    if (this.isPlanned(operation.point, 'after')) return this.host.crash(`after ${operation.point}`);
    const last = this.log[this.log.length - 1];
    if (last !== undefined) this.host.durable(last.zxid);
  }

  private finishWrite({ ticket, write, point, state }: Extract<Operation, { kind: 'write' }>): void {
    if (this.isFull && write.kind !== 'reload' && write.kind !== 'clear') {
      return this.host.writeFailed(ticket, 'no space left');
    }
    if (write.kind === 'truncate' && !this.canTruncate(write.to)) {
      return this.host.writeFailed(ticket, `cannot go back to ${write.to}`);
    }
    this.perform(write, state, 'all');
    if (this.isPlanned(point, 'after')) return this.host.crash(`after ${point}`);
    if (write.kind === 'clear') return this.host.written(ticket, undefined, this.empty);
    if (write.kind !== 'truncate' && write.kind !== 'reload') return this.host.written(ticket, undefined, undefined);
    const found = this.load();
    this.host.written(ticket, found.contents, found.state);
  }

  private canTruncate(to: bigint): boolean {
    const isKnown = to === 0n || this.snapshots.some((s) => s.zxid === to) || this.log.some((e) => e.zxid === to);
    const isFromStart = this.purgedTo === 0n || this.snapshots.some((s) => s.zxid <= to);
    return isKnown && isFromStart;
  }

  private perform(write: DiskWrite, state: History, how: 'none' | 'half' | 'all'): void {
    if (how === 'none') return;
    const isWhole = how === 'all';
    switch (write.kind) {
      // A file is replaced as a whole: half of it is the old one.
      case 'accepted-epoch':
        if (isWhole) this.accepted = write.epoch;
        return;
      case 'current-epoch':
        if (isWhole) this.current = write.epoch;
        return;
      case 'truncate':
        if (!this.canTruncate(write.to)) return;
        this.snapshots = this.snapshots.filter((snapshot) => snapshot.zxid <= write.to);
        if (isWhole) this.log = this.log.filter((entry) => entry.zxid <= write.to);
        return;
      case 'snapshot':
        if (isWhole) this.install(write.zxid, state);
        return;
      default:
        return;
    }
  }

  /** Nothing of the old history is read again: its end may differ from what the snapshot has. */
  private install(zxid: bigint, state: History): void {
    this.snapshots = [{ zxid, state }];
    this.log = [];
    this.purgedTo = zxid;
  }

  private keep(count: number): void {
    this.log.push(...this.buffer.slice(0, count));
    this.buffer = this.buffer.slice(count);
  }

  private newestSnapshot(): { readonly zxid: bigint; readonly state: History } | undefined {
    return this.snapshots[this.snapshots.length - 1];
  }

  private indexOf(zxid: bigint): number {
    let [low, high] = [0, this.log.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.log[middle]!.zxid < zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isPlanned(point: WritePoint, when: CrashPlan['when']): boolean {
    return this.crashPlan?.point === point && this.crashPlan.when === when;
  }
}
