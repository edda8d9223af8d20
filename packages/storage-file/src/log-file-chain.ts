import { join } from 'node:path';
import type { Logger } from '@zk/contracts';
import { ActiveLogFile } from './active-log-file.js';
import type { LogDevice } from './log-device.js';

/** The file that is being written, if one has been begun, and those before it on their way to being closed. */
export class LogFileChain {
  readonly #directory: string;
  readonly #preAllocBytes: number;
  readonly #logger: Logger;
  #current: ActiveLogFile | undefined;
  /** Settles when the earlier files are closed. */
  #finishing: Promise<void> = Promise.resolve();

  constructor(directory: string, preAllocBytes: number, logger: Logger) {
    this.#directory = directory;
    this.#preAllocBytes = preAllocBytes;
    this.#logger = logger;
  }

  get current(): ActiveLogFile | undefined {
    return this.#current;
  }

  /** Ends the current file and begins the next. @throws as the medium refuses; there is no current file then */
  begin(device: LogDevice, name: string): void {
    this.#finishCurrent();
    this.#current = new ActiveLogFile(device, join(this.#directory, name), this.#preAllocBytes);
  }

  /** Ends the current file where its entries end. Resolves when all files are closed. */
  async finish(): Promise<void> {
    this.#finishCurrent();
    await this.#finishing;
  }

  #finishCurrent(): void {
    const file = this.#current;
    if (file === undefined) return;
    this.#current = undefined;
    // All of it is durable; only its padding is at stake.
    const finished = file.finish().catch((error: unknown) => {
      this.#logger.warn({ file: file.path, error }, 'could not cut the padding of a rolled log file');
    });
    this.#finishing = Promise.all([this.#finishing, finished]).then(() => undefined);
  }

  /** Closes the current file as it is, since what of it is durable is not known. Resolves when all files are closed. */
  async abandon(): Promise<void> {
    const file = this.#current;
    this.#current = undefined;
    await file?.abandon();
    await this.#finishing;
  }

  /**
   * Takes back what is not durable; a file without any durable entry goes. Resolves with whether the current file can be
   * continued. @throws as the medium refuses
   */
  async cutBack(device: LogDevice): Promise<boolean> {
    const file = this.#current;
    // It could not be created; what was there before it is whole and on its way to being closed.
    if (file === undefined) return false;
    if (file.durableBytes > 0) {
      await file.cutBack();
      return true;
    }
    try {
      await file.abandon();
      await device.remove(file.path);
    } finally {
      this.#current = undefined;
    }
    return false;
  }
}
