import type { Storage, TxnLog, TxnLogListener } from '@zk/contracts';
import { hex64, hiOf, int64, loOf } from '@zk/model';
import type { Zxid } from '@zk/model';

/** Writes down what a log reports, and lets a test wait for it. */
export class LogRecorder implements TxnLogListener {
  /** In the order of the calls, e.g. `durable 5`, `failure`, `recovered`, `fatal`; zxids in hexadecimal. */
  readonly events: string[] = [];
  /** True while the test itself is inside the log: the listener must not be called then. */
  isInsideLog = false;
  wasCalledInsideLog = false;
  #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];

  onDurable(hi: number, lo: number): void {
    this.#add(`durable ${hex64(int64(hi, lo))}`);
  }

  onFailure(error: Error): void {
    this.#add(`failure ${error.message}`);
  }

  onRecovered(): void {
    this.#add('recovered');
  }

  onFatal(error: Error): void {
    this.#add(`fatal ${error.message}`);
  }

  /** Resolves once an event begins with `prefix`, at once when there is one already. */
  async seen(prefix: string): Promise<void> {
    await this.until(() => this.events.some((event) => event === prefix || event.startsWith(`${prefix} `)));
  }

  durable(zxid: Zxid): Promise<void> {
    return this.seen(`durable ${hex64(zxid)}`);
  }

  async until(isMet: () => boolean): Promise<void> {
    if (isMet()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ isMet, resolve }));
  }

  #add(event: string): void {
    this.events.push(event);
    if (this.isInsideLog) this.wasCalledInsideLog = true;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ isMet }) => !isMet());
    for (const one of waiting) if (!this.#waiting.includes(one)) one.resolve();
  }
}

/** Opens, listens, and replays whatever is there: the order of every start. */
export async function start(storage: Storage): Promise<LogRecorder> {
  await storage.open();
  const recorder = new LogRecorder();
  storage.log.listen(recorder);
  await storage.log.replay(LOWEST, () => undefined);
  return recorder;
}

/** Below every zxid. */
export const LOWEST: Zxid = -(2n ** 63n);

/**
 * The payload of an entry: a TxnHeader (session, cxid, zxid, time, type) and a body, whose bytes follow from the zxid,
 * so that a test can tell one entry from another.
 */
export function payload(zxid: Zxid, bodyBytes = 40): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(32 + bodyBytes);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, 0x0100_0000_0000_0001n);
  view.setInt32(8, loOf(zxid));
  view.setBigInt64(12, zxid);
  view.setBigInt64(20, 1_700_000_000_000n);
  view.setInt32(28, 5);
  const seed = loOf(zxid) * 31 + 7;
  for (let i = 32; i < bytes.length; i++) bytes[i] = seed + i * 13;
  return bytes;
}

/** Appends the payload of each zxid, without a sync. */
export function append(log: TxnLog, ...zxids: readonly Zxid[]): void {
  for (const zxid of zxids) {
    const bytes = payload(zxid);
    log.append(hiOf(zxid), loOf(zxid), bytes, 0, bytes.length);
  }
}

/** Appends, and waits until all of it is durable. */
export async function write(log: TxnLog, recorder: LogRecorder, ...zxids: readonly Zxid[]): Promise<void> {
  append(log, ...zxids);
  log.sync();
  await recorder.durable(zxids[zxids.length - 1]!);
}

/** Every entry with a greater zxid: the zxids and copies of the bytes. */
export async function entriesOf(
  log: TxnLog,
  after: Zxid = LOWEST,
): Promise<{ readonly zxids: Zxid[]; readonly payloads: Uint8Array[] }> {
  const zxids: Zxid[] = [];
  const payloads: Uint8Array[] = [];
  await log.replay(after, (hi, lo, bytes, start, end) => {
    zxids.push(int64(hi, lo));
    payloads.push(bytes.slice(start, end));
  });
  return { zxids, payloads };
}

/** Lets everything that needs no more than turns of the event loop happen. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function range(first: Zxid, count: number): Zxid[] {
  return Array.from({ length: count }, (_, i) => first + BigInt(i));
}
