import { Worker } from 'node:worker_threads';
import type { Timer } from '@zk/contracts';
import { invariant } from '@zk/model';
import type { StorageScheduler } from './machine-time.js';
import { snapshotThreadMain } from './snapshot-thread.js';
import type { SnapshotAnswer, SnapshotCommand, SnapshotJob } from './snapshot-thread.js';

/** Idle for this long, the thread ends: its start costs 20 to 40 ms of CPU time, its existence about 10 MB. */
const IDLE_MS = 30_000;

/** Who is having a snapshot written. */
export interface SnapshotClient {
  onAnswer(answer: SnapshotAnswer): void;
  /** The thread has ended by itself, which it should not. */
  onDeath(error: Error): void;
}

/**
 * The thread that writes snapshots, seen from the event loop. It is started for the first one, serves those that
 * follow, and ends when there has been none for a while. It keeps the process alive only where {@link hold} says so.
 */
export class SnapshotWorker {
  readonly #scheduler: StorageScheduler;
  readonly #source: string;
  #worker: Worker | undefined;
  #client: SnapshotClient | undefined;
  #idleTimer: Timer | undefined;

  /** @param source what runs in the thread */
  constructor(scheduler: StorageScheduler, source = `(${snapshotThreadMain.toString()})(require)`) {
    this.#scheduler = scheduler;
    this.#source = source;
  }

  /** Whether there is a thread at the moment. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Every call must be followed by one of {@link end}. */
  begin(job: SnapshotJob, client: SnapshotClient): void {
    invariant(this.#client === undefined, 'one snapshot is written at a time');
    this.#idleTimer?.cancel();
    this.#client = client;
    try {
      this.#worker ??= this.#start();
      this.post(job);
    } catch (error) {
      client.onDeath(error as Error);
    }
  }

  /** The buffer of a piece is transferred. */
  post(command: SnapshotCommand): void {
    this.#worker?.postMessage(command, command instanceof ArrayBuffer ? [command] : []);
  }

  /** Keeps the process alive until {@link end}. */
  hold(): void {
    this.#worker?.ref();
  }

  end(): void {
    this.#client = undefined;
    this.#worker?.unref();
    this.#idleTimer = this.#scheduler.after(IDLE_MS, () => void this.close());
  }

  async close(): Promise<void> {
    this.#idleTimer?.cancel();
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#source, { eval: true, execArgv: [], name: 'zk-snapshot' });
    const onDeath = (error: Error): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#client?.onDeath(error);
    };
    worker.on('message', (answer: SnapshotAnswer) => this.#client?.onAnswer(answer));
    worker.on('error', onDeath);
    worker.on('exit', () => onDeath(new Error('The thread that writes snapshots has ended')));
    worker.unref();
    return worker;
  }
}
