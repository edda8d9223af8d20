import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotInfo, SnapshotWriter } from '@zk/contracts';
import { adler32 } from '@zk/jute';
import { hex64, invariant } from '@zk/model';
import type { Zxid } from '@zk/model';
import { replaceFile } from './durable-fs.js';
import type { SnapshotCompression } from './options.js';
import type { SnapshotAnswer, SnapshotJob } from './snapshot-thread.js';
import type { SnapshotClient, SnapshotWorker } from './snapshot-worker.js';

/** Up to this size a snapshot is collected, and written without the thread: most trees are small, all are at first. */
const SMALL_BYTES = 64 * 1024;

export interface SnapshotWriterHost {
  /** Calls `perform` when it is time. */
  commit(perform: () => Promise<SnapshotInfo>): Promise<SnapshotInfo>;
  /** Nothing is written any more. */
  ended(): void;
}

/** Writes one snapshot: a small plain one by itself, any other through the thread. */
export class FileSnapshotWriter implements SnapshotWriter, SnapshotClient {
  readonly #zxid: Zxid;
  readonly #name: string;
  readonly #job: SnapshotJob;
  readonly #worker: SnapshotWorker;
  readonly #host: SnapshotWriterHost;
  /** What has been written, while it is small; undefined once the thread has it. */
  #collected: ArrayBuffer[] | undefined;
  #collectedBytes = 0;
  #checksum = 1;
  #pendingBytes = 0;
  readonly #spare: ArrayBuffer[] = [];
  #error: Error | undefined;
  #isClosed = false;
  #hasEnded = false;
  #commitment: Promise<SnapshotInfo> | undefined;
  #answered: ((answer: SnapshotAnswer | undefined) => void) | undefined;
  #ending: Promise<void> | undefined;

  constructor(
    directory: string,
    zxid: Zxid,
    compression: SnapshotCompression,
    worker: SnapshotWorker,
    host: SnapshotWriterHost,
  ) {
    this.#zxid = zxid;
    this.#name = `snapshot.${hex64(zxid)}${compression === '' ? '' : `.${compression}`}`;
    // With a dot in front, Apache ZooKeeper does not take a leftover for a snapshot.
    this.#job = { directory, temporaryName: `.${this.#name}.tmp`, finalName: this.#name, compression };
    this.#worker = worker;
    this.#host = host;
    if (compression === '') this.#collected = [];
    else this.#useThread();
  }

  /** What is merely collected waits for nothing but the commit. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  write(piece: Uint8Array<ArrayBuffer>): void {
    invariant(!this.#isClosed, 'a piece is written before commit and abort');
    invariant(piece.byteLength === piece.buffer.byteLength, 'a piece owns its whole ArrayBuffer');
    if (this.#error !== undefined) return;
    if (this.#collected !== undefined && this.#collectedBytes + piece.length <= SMALL_BYTES) {
      // The caller loses the buffer, as when the thread takes it over.
      this.#collect(structuredClone(piece.buffer, { transfer: [piece.buffer] }));
      return;
    }
    if (this.#collected !== undefined) this.#useThread(this.#collected);
    this.#hand(piece.buffer);
  }

  spare(): Uint8Array<ArrayBuffer> | undefined {
    const buffer = this.#spare.pop();
    return buffer === undefined ? undefined : new Uint8Array(buffer);
  }

  seal(): void {
    invariant(!this.#isClosed, 'a seal is written before commit and abort');
    if (this.#collected === undefined) {
      if (this.#error === undefined) this.#worker.post('seal');
      return;
    }
    const seal = new Uint8Array(13);
    new DataView(seal.buffer).setUint32(4, this.#checksum);
    seal.set([0, 0, 0, 1, 0x2f], 8);
    this.#collect(seal.buffer);
  }

  #collect(buffer: ArrayBuffer): void {
    this.#checksum = adler32(new Uint8Array(buffer), 0, buffer.byteLength, this.#checksum);
    this.#collectedBytes += buffer.byteLength;
    this.#collected!.push(buffer);
  }

  /** Begins anew in the thread, with what has been collected: seals among it are bytes like any others. */
  #useThread(collected: readonly ArrayBuffer[] = []): void {
    this.#collected = undefined;
    this.#worker.begin(this.#job, this);
    for (const buffer of collected) this.#hand(buffer);
  }

  #hand(buffer: ArrayBuffer): void {
    this.#pendingBytes += buffer.byteLength;
    this.#worker.post(buffer);
  }

  commit(): Promise<SnapshotInfo> {
    invariant(!this.#isClosed, 'a snapshot is committed once, and not after an abort');
    this.#isClosed = true;
    this.#commitment = this.#host.commit(() => this.#commit());
    return this.#commitment;
  }

  async #commit(): Promise<SnapshotInfo> {
    try {
      const written = this.#collected === undefined ? await this.#commitInThread() : await this.#commitSmall();
      return { zxid: this.#zxid, name: this.#name, ...written };
    } catch (error) {
      throw new Error(`Could not write ${this.#name}: ${(error as Error).message}`, { cause: error });
    } finally {
      this.#end();
    }
  }

  async #commitInThread(): Promise<{ sizeBytes: number; modifiedMs: number }> {
    const answer = this.#error === undefined ? await this.#ask('commit') : undefined;
    if (answer?.kind !== 'committed') throw this.#error!;
    return { sizeBytes: answer.sizeBytes, modifiedMs: answer.modifiedMs };
  }

  async #commitSmall(): Promise<{ sizeBytes: number; modifiedMs: number }> {
    const { directory, temporaryName, finalName } = this.#job;
    const path = join(directory, finalName);
    const bytes = new Uint8Array(this.#collectedBytes);
    let at = 0;
    for (const buffer of this.#collected!) {
      bytes.set(new Uint8Array(buffer), at);
      at += buffer.byteLength;
    }
    await replaceFile(path, bytes, join(directory, temporaryName));
    const { size, mtimeMs } = await stat(path);
    return { sizeBytes: size, modifiedMs: Math.trunc(mtimeMs) };
  }

  abort(): Promise<void> {
    this.#isClosed = true;
    this.#ending ??= this.#abort();
    return this.#ending;
  }

  /** A commit in progress is not overtaken: it succeeds, and nothing is left to remove, or it fails. */
  async #abort(): Promise<void> {
    const isCommitted = await this.#commitment?.then(
      () => true,
      () => false,
    );
    if (isCommitted === true) return;
    if (!this.#hasEnded && this.#collected === undefined && this.#error === undefined) await this.#ask('abort');
    try {
      await rm(join(this.#job.directory, this.#job.temporaryName), { force: true });
    } finally {
      this.#end();
    }
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#pendingBytes = 0;
    if (this.#collected === undefined) this.#worker.end();
    this.#collected = [];
    this.#host.ended();
  }

  /** The answer to a command; undefined when the thread has failed. */
  #ask(command: 'commit' | 'abort'): Promise<SnapshotAnswer | undefined> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#worker.hold();
      this.#worker.post(command);
    });
  }

  onAnswer(answer: SnapshotAnswer): void {
    if (answer.kind === 'taken') {
      this.#pendingBytes -= answer.buffer.byteLength;
      this.#spare.push(answer.buffer);
      return;
    }
    if (answer.kind === 'failed') {
      this.onDeath(Object.assign(new Error(answer.message), { code: answer.code }));
      return;
    }
    this.#answered?.(answer);
    this.#answered = undefined;
  }

  onDeath(error: Error): void {
    this.#error ??= error;
    this.#pendingBytes = 0;
    this.#answered?.(undefined);
    this.#answered = undefined;
  }
}
