/** Notes when the whole machine stood still, CPU or disk: then a wait of others says nothing about a server. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BEAT_MS = 50;
const NOTICED_LATE_MS = 300;

export interface Stall {
  /** In ms since 1970. */
  readonly from: number;
  readonly to: number;
}

export class Heartbeat {
  private readonly stalls: Stall[] = [];
  private isStopped = false;
  private readonly ended: Promise<void>;

  private constructor(private readonly file: FileHandle) {
    this.ended = this.run();
    // Whoever stops it hears of an error; nobody may, after a failure elsewhere.
    this.ended.catch(() => undefined);
  }

  /** On the disk of that directory. */
  static async start(directory: string): Promise<Heartbeat> {
    return new Heartbeat(await open(join(directory, 'heartbeat'), 'w'));
  }

  /** When it was late. */
  async stop(): Promise<readonly Stall[]> {
    this.isStopped = true;
    // Its own timer keeps no process alive.
    await Promise.all([this.ended, delay(BEAT_MS)]);
    return this.stalls;
  }

  private async run(): Promise<void> {
    while (!this.isStopped) await this.beat();
    await this.file.close();
  }

  private async beat(): Promise<void> {
    const from = Date.now();
    await delay(BEAT_MS, undefined, { ref: false });
    await this.file.write('x', 0);
    await this.file.datasync();
    const to = Date.now();
    if (to - from > BEAT_MS + NOTICED_LATE_MS) this.stalls.push({ from, to });
  }
}
