import type { Clock, SnapshotInfo, SnapshotStore, SnapshotTrail, SnapshotWriter } from '@zk/contracts';
import { hex64, invariant } from '@zk/model';
import type { Zxid } from '@zk/model';
import { adler32 } from './adler32.js';
import type { MemoryMedium } from './memory-medium.js';

/** Snapshots as lists of pieces, newest first. */
export class MemorySnapshots implements SnapshotStore {
  readonly #medium: MemoryMedium;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #trail: SnapshotTrail;
  #writer: MemorySnapshotWriter | undefined;

  constructor(medium: MemoryMedium, trail: SnapshotTrail, clock: Pick<Clock, 'wallMs'>) {
    this.#medium = medium;
    this.#trail = trail;
    this.#clock = clock;
  }

  /** A new life: what was being written is lost. */
  open(): void {
    this.#writer = undefined;
    this.#trail.reset();
  }

  list(): Promise<readonly SnapshotInfo[]> {
    const infos = [...this.#medium.snapshots.values()].map(({ info }) => info);
    return Promise.resolve(infos.sort((a, b) => (a.zxid < b.zxid ? 1 : -1)));
  }

  read(info: SnapshotInfo): AsyncIterable<Uint8Array> {
    return this.#trail.reading(info, this.#pieces(info));
  }

  async *#pieces(info: SnapshotInfo): AsyncIterable<Uint8Array> {
    const snapshot = this.#medium.snapshots.get(info.name);
    if (snapshot === undefined) throw new Error(`There is no snapshot ${info.name}`);
    // A copy each: the stored bytes stay as they are, whatever the reader does with its piece.
    for (const piece of snapshot.pieces) yield await Promise.resolve(piece.slice());
  }

  create(zxid: Zxid): Promise<SnapshotWriter> {
    if (this.#writer?.isWriting === true) return Promise.reject(new Error('A snapshot is being written already'));
    this.#writer = new MemorySnapshotWriter(this.#medium, this.#trail, this.#clock, zxid);
    return Promise.resolve(this.#writer);
  }

  removeAfter(zxid: Zxid): Promise<readonly string[]> {
    const { snapshots } = this.#medium;
    const removed = [...snapshots.values()].filter(({ info }) => info.zxid > zxid).map(({ info }) => info.name);
    for (const name of removed) snapshots.delete(name);
    this.#trail.removedAfter(zxid);
    return Promise.resolve(removed);
  }
}

class MemorySnapshotWriter implements SnapshotWriter {
  readonly #medium: MemoryMedium;
  readonly #trail: SnapshotTrail;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #zxid: Zxid;
  #pieces: Uint8Array[] = [];
  #checksum = 1;
  #sizeBytes = 0;
  #state: 'open' | 'committed' | 'aborted' = 'open';

  constructor(medium: MemoryMedium, trail: SnapshotTrail, clock: Pick<Clock, 'wallMs'>, zxid: Zxid) {
    this.#medium = medium;
    this.#trail = trail;
    this.#clock = clock;
    this.#zxid = zxid;
  }

  get isWriting(): boolean {
    return this.#state === 'open';
  }

  get pendingBytes(): number {
    return 0;
  }

  write(piece: Uint8Array<ArrayBuffer>): void {
    invariant(this.#state === 'open', 'a piece is written before commit and abort');
    invariant(piece.byteLength === piece.buffer.byteLength, 'a piece owns its whole ArrayBuffer');
    // Transferring takes the bytes away from the caller, as a worker thread would.
    this.#take(new Uint8Array(structuredClone(piece.buffer, { transfer: [piece.buffer] })));
  }

  seal(): void {
    const seal = new Uint8Array(13);
    const view = new DataView(seal.buffer);
    view.setUint32(4, this.#checksum);
    view.setInt32(8, 1);
    seal[12] = 0x2f;
    this.#take(seal);
  }

  commit(): Promise<SnapshotInfo> {
    if (this.#state !== 'open') return Promise.reject(new Error(`The snapshot has been ${this.#state}`));
    if (this.#medium.writeError !== undefined) return Promise.reject(this.#medium.writeError);
    const info = {
      zxid: this.#zxid,
      name: `snapshot.${hex64(this.#zxid)}`,
      sizeBytes: this.#sizeBytes,
      modifiedMs: this.#clock.wallMs(),
    };
    this.#medium.snapshots.set(info.name, { info, pieces: this.#pieces });
    this.#trail.committed(info);
    this.#state = 'committed';
    return Promise.resolve(info);
  }

  abort(): Promise<void> {
    if (this.#state === 'open') this.#state = 'aborted';
    this.#pieces = [];
    return Promise.resolve();
  }

  #take(piece: Uint8Array): void {
    this.#checksum = adler32(piece, this.#checksum);
    this.#sizeBytes += piece.length;
    this.#pieces.push(piece);
  }
}
