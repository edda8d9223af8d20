import { type Storage, silentLogger } from '@zk/contracts';
import type { Zxid } from '@zk/model';
import type { DiskContents, DiskWrite } from '@zk/zab';
import { PeerDisk, type PeerDiskOptions } from '../src/peer-disk.js';
import { createTxn, nextTurn, realClock, realScheduler } from './cluster.js';
import { TreeState } from './tree-state.js';

/** One life of a disk. */
export class Life {
  readonly state = new TreeState();
  readonly heard: string[] = [];
  readonly disk: PeerDisk;
  contents: DiskContents | undefined;
  epochs: { readonly accepted: number | undefined; readonly current: number | undefined } | undefined;
  private found: DiskContents | undefined;
  private ticket = 0;

  constructor(
    readonly storage: Storage,
    options: PeerDiskOptions = { recentCount: 500 },
  ) {
    const ports = { storage, state: this.state, clock: realClock, scheduler: realScheduler, logger: silentLogger };
    this.disk = new PeerDisk(ports, options, {
      durable: (zxid) => void this.heard.push(`durable ${zxid.toString(16)}`),
      written: (ticket, found) => {
        this.found = found;
        this.heard.push(`written ${ticket}`);
      },
      writeFailed: (ticket, reason) => void this.heard.push(`failed ${ticket}: ${reason}`),
      logFailed: () => void this.heard.push('log failed'),
      logRecovered: () => void this.heard.push('log recovered'),
      fatal: () => void this.heard.push('fatal'),
      quiesce: () => Promise.resolve(),
    });
  }

  async begin(): Promise<this> {
    const { epochs, contents } = await this.disk.open();
    this.epochs = epochs;
    this.contents = contents;
    return this;
  }

  /** Appends and applies; the path is the zxid, and what is said about it. */
  log(zxid: Zxid, what = ''): void {
    const txn = createTxn(zxid, `/${zxid.toString(16)}${what}`, what);
    this.disk.append({ zxid, txn });
    this.state.apply(txn);
  }

  async hears(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.heard.find((text) => pattern.test(text));
      if (line !== undefined) return line;
      await nextTurn();
    }
  }

  /** Writes, and says how that ended; `found` for those that load. */
  async write(write: DiskWrite): Promise<string> {
    const ticket = ++this.ticket;
    this.disk.write(ticket, write);
    const line = await this.hears(new RegExp(`^(written|failed) ${ticket}\\b`));
    return line.startsWith('written') ? `ok ${this.found?.lastZxid.toString(16) ?? ''}`.trim() : line;
  }

  has(path: string): boolean {
    const bytes = new TextEncoder().encode(path);
    return this.state.tree.find(bytes, 0, bytes.length) >= 0;
  }

  async read(after: Zxid, upTo: Zxid): Promise<string | undefined> {
    const batches = await this.disk.read(after, upTo);
    if (batches === undefined) return undefined;
    const zxids: string[] = [];
    for await (const batch of batches) zxids.push(...batch.map(({ zxid }) => zxid.toString(16)));
    return zxids.join(' ');
  }
}
