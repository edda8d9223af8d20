import type { Logger } from '@zk/contracts';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const ONE = '1'.charCodeAt(0);

/**
 * The file in which somebody who watches both machines of an ensemble of two writes whether the other one is lost: it is when
 * the first byte is `1`. The file may be a device or on one that comes and goes: what cannot be read is a no.
 */
export class OracleFile {
  private question: Promise<boolean> | undefined;
  private last: boolean | undefined;

  constructor(
    private readonly path: string,
    private readonly logger: Logger,
  ) {}

  /** Never rejects. A reading that hangs, as a network's disk can, is not begun a second time. */
  isOtherVoterLost(): Promise<boolean> {
    this.question ??= this.read().finally(() => (this.question = undefined));
    return this.question;
  }

  private async read(): Promise<boolean> {
    const isLost = await this.firstByte().then(
      (byte) => byte === ONE,
      (error: unknown) => this.unreadable(error),
    );
    if (isLost !== this.last) this.logger.warn({ file: this.path, isOtherVoterLost: isLost }, 'the oracle was asked');
    this.last = isLost;
    return isLost;
  }

  private async firstByte(): Promise<number | undefined> {
    // A pipe without a writer would keep a blocking open waiting.
    const file = await open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(1), 0, 1, null);
      return bytesRead === 0 ? undefined : buffer[0];
    } finally {
      await file.close();
    }
  }

  private unreadable(error: unknown): false {
    if (this.last !== false)
      this.logger.error({ file: this.path, err: error }, 'the oracle cannot be read: that is a no');
    return false;
  }
}
