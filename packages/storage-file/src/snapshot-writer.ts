import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SnapshotInfo, SnapshotWriter } from '@zk/contracts';
import { hex64, invariant } from '@zk/model';
import type { Zxid } from '@zk/model';
import type { SnapshotCompression } from './options.js';
import { snapshotThreadMain } from './snapshot-thread.js';
import type { SnapshotAnswer, SnapshotCommand, SnapshotThreadData } from './snapshot-thread.js';

/** Writes one snapshot through a thread of its own, which ends with it. */
export class FileSnapshotWriter implements SnapshotWriter {
  readonly #zxid: Zxid;
  readonly #name: string;
  readonly #worker: Worker;
  readonly #temporaryPath: string;
  readonly #onEnd: () => void;
  #pendingBytes = 0;
  #error: Error | undefined;
  #isClosed = false;
  #hasExited = false;
  #commitment: Promise<SnapshotInfo> | undefined;
  #answered: ((answer: SnapshotAnswer | undefined) => void) | undefined;
  #ending: Promise<void> | undefined;

  /** @param onEnd called once the thread has ended */
  constructor(directory: string, zxid: Zxid, compression: SnapshotCompression, onEnd: () => void) {
    this.#zxid = zxid;
    this.#name = `snapshot.${hex64(zxid)}${compression === '' ? '' : `.${compression}`}`;
    this.#onEnd = onEnd;
    const temporaryName = `.${this.#name}.tmp`;
    this.#temporaryPath = join(directory, temporaryName);
    const workerData: SnapshotThreadData = {
      directory,
      // With a dot in front, Apache ZooKeeper does not take a leftover for a snapshot.
      temporaryName,
      finalName: this.#name,
      compression,
    };
    this.#worker = new Worker(`(${snapshotThreadMain.toString()})(require)`, {
      eval: true,
      execArgv: [],
      name: 'zk-snapshot',
      workerData,
    });
    this.#worker.on('message', (answer: SnapshotAnswer) => this.#onAnswer(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => {
      this.#hasExited = true;
      this.#fail(new Error('The thread that writes the snapshot has ended'));
    });
    // Only a commit or an abort in progress keeps the process alive.
    this.#worker.unref();
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  write(piece: Uint8Array<ArrayBuffer>): void {
    invariant(!this.#isClosed, 'a piece is written before commit and abort');
    invariant(piece.byteLength === piece.buffer.byteLength, 'a piece owns its whole ArrayBuffer');
    if (this.#error !== undefined) return;
    this.#pendingBytes += piece.byteLength;
    this.#worker.postMessage(piece.buffer satisfies SnapshotCommand, [piece.buffer]);
  }

  seal(): void {
    invariant(!this.#isClosed, 'a seal is written before commit and abort');
    this.#worker.postMessage('seal' satisfies SnapshotCommand);
  }

  commit(): Promise<SnapshotInfo> {
    invariant(!this.#isClosed, 'a snapshot is committed once, and not after an abort');
    this.#isClosed = true;
    this.#commitment = this.#commit();
    return this.#commitment;
  }

  async #commit(): Promise<SnapshotInfo> {
    const answer = this.#error === undefined ? await this.#ask('commit') : undefined;
    if (answer?.kind !== 'committed') {
      throw new Error(`Could not write ${this.#name}: ${this.#error?.message}`, { cause: this.#error });
    }
    await this.#terminate();
    return { zxid: this.#zxid, name: this.#name, sizeBytes: answer.sizeBytes, modifiedMs: answer.modifiedMs };
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
    if (!this.#hasExited) await this.#ask('abort');
    await this.#terminate();
    await rm(this.#temporaryPath, { force: true });
  }

  async #terminate(): Promise<void> {
    this.#pendingBytes = 0;
    this.#worker.removeAllListeners('exit');
    await this.#worker.terminate();
    this.#onEnd();
  }

  /** The answer to a command; undefined when the thread has failed. */
  #ask(command: 'commit' | 'abort'): Promise<SnapshotAnswer | undefined> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#worker.ref();
      this.#worker.postMessage(command satisfies SnapshotCommand);
    });
  }

  #onAnswer(answer: SnapshotAnswer): void {
    if (answer.kind === 'taken') {
      this.#pendingBytes -= answer.bytes;
      return;
    }
    if (answer.kind === 'failed') {
      this.#fail(Object.assign(new Error(answer.message), { code: answer.code }));
      return;
    }
    this.#answered?.(answer);
    this.#answered = undefined;
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#pendingBytes = 0;
    this.#answered?.(undefined);
    this.#answered = undefined;
  }
}
