import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LogFields, Logger, ReplayReport, SnapshotInfo, TxnLogListener } from '@zk/contracts';
import { silentLogger } from '@zk/contracts';
import { adler32 } from '@zk/jute';
import { int64 } from '@zk/model';
import type { Zxid } from '@zk/model';
import { FileStorage } from '../src/index.js';
import type { FileStorageOptions } from '../src/index.js';

export const fixtures = join(__dirname, 'fixtures');

/** Asks a log for everything it has. */
export const LOWEST: Zxid = -(2n ** 63n);

/** A data directory that goes away with its test. */
export class DataDir {
  readonly path = mkdtempSync(join(tmpdir(), 'zk-storage-'));
  readonly version2 = join(this.path, 'version-2');
  readonly #open: FileStorage[] = [];

  constructor() {
    mkdirSync(this.version2);
  }

  /** Copies a recorded file under the name that it had. */
  put(fixture: string, name: string): string {
    const path = join(this.version2, name);
    copyFileSync(join(fixtures, fixture), path);
    return path;
  }

  write(name: string, bytes: Uint8Array | string): string {
    const path = join(this.version2, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return path;
  }

  read(name: string): Buffer {
    return readFileSync(join(this.version2, name));
  }

  names(): string[] {
    return readdirSync(this.version2).sort();
  }

  storage(options: Partial<FileStorageOptions> = {}): FileStorage {
    const storage = new FileStorage({ trustEmptySnapshot: true, ...options, dataDir: this.path });
    this.#open.push(storage);
    return storage;
  }

  async opened(options: Partial<FileStorageOptions> = {}): Promise<FileStorage> {
    const storage = this.storage(options);
    await storage.open();
    return storage;
  }

  async dispose(): Promise<void> {
    for (const storage of this.#open) await storage.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A TxnHeader and a body that follows from the zxid. */
export function payload(zxid: Zxid, bodyBytes = 20): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(32 + bodyBytes);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, 0x100_0000_0000n);
  view.setBigInt64(12, zxid);
  view.setInt32(28, 5);
  const seed = Number(zxid & 0xffn);
  for (let i = 32; i < bytes.length; i++) bytes[i] = seed + i * 7;
  return bytes;
}

/** As it lies in a log file. */
export function entry(zxid: Zxid, bodyBytes?: number): Buffer {
  const body = payload(zxid, bodyBytes);
  const bytes = Buffer.alloc(body.length + 13);
  bytes.writeUInt32BE(adler32(body, 0, body.length), 4);
  bytes.writeInt32BE(body.length, 8);
  bytes.set(body, 12);
  bytes[bytes.length - 1] = 0x42;
  return bytes;
}

export const logHeader = Buffer.from('5a4b4c47000000020000000000000000', 'hex');

export function logFile(...zxids: readonly Zxid[]): Buffer {
  return Buffer.concat([logHeader, ...zxids.map((zxid) => entry(zxid))]);
}

export interface Replayed {
  readonly report: ReplayReport;
  readonly zxids: Zxid[];
  readonly payloads: Buffer[];
}

export async function replay(storage: FileStorage, after: Zxid = LOWEST): Promise<Replayed> {
  const zxids: Zxid[] = [];
  const payloads: Buffer[] = [];
  const report = await storage.log.replay(after, (hi, lo, bytes, start, end) => {
    zxids.push(int64(hi, lo));
    payloads.push(Buffer.from(bytes.slice(start, end)));
  });
  return { report, zxids, payloads };
}

/** Collects what is logged, as `level message`. */
export class Lines implements Logger {
  readonly lines: string[] = [];
  readonly fields: LogFields[] = [];
  readonly trace = silentLogger.trace;
  readonly debug = silentLogger.debug;
  readonly info = (fields: LogFields, message: string) => this.#add('info', fields, message);
  readonly warn = (fields: LogFields, message: string) => this.#add('warn', fields, message);
  readonly error = (fields: LogFields, message: string) => this.#add('error', fields, message);
  readonly fatal = (fields: LogFields, message: string) => this.#add('fatal', fields, message);
  readonly child = () => this;

  #add(level: string, fields: LogFields, message: string): void {
    this.lines.push(`${level} ${message}`);
    this.fields.push(fields);
  }
}

/** Waits for what the log reports. */
export class Reports implements TxnLogListener {
  readonly events: string[] = [];
  #wake: (() => void)[] = [];

  onDurable = (hi: number, lo: number) => this.#add(`durable ${int64(hi, lo)}`);
  onFailure = (error: Error) => this.#add(`failure ${error.message}`);
  onRecovered = () => this.#add('recovered');
  onFatal = (error: Error) => this.#add(`fatal ${error.message}`);
  onSlowSync = () => this.#add('slow');

  async seen(prefix: string): Promise<string> {
    for (;;) {
      const found = this.events.find((event) => event === prefix || event.startsWith(`${prefix} `));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #add(event: string): void {
    this.events.push(event);
    for (const wake of this.#wake.splice(0)) wake();
  }
}

export async function bytesOf(storage: FileStorage, info: SnapshotInfo): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of storage.snapshots.read(info)) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

export async function listening(storage: FileStorage): Promise<Reports> {
  const reports = new Reports();
  storage.log.listen(reports);
  await storage.log.replay(LOWEST, () => undefined);
  return reports;
}

export async function writeEntries(storage: FileStorage, reports: Reports, ...zxids: readonly Zxid[]): Promise<void> {
  for (const zxid of zxids) {
    const bytes = payload(zxid);
    storage.log.append(Number(zxid >> 32n), Number(BigInt.asIntN(32, zxid)), bytes, 0, bytes.length);
  }
  storage.log.sync();
  await reports.seen(`durable ${zxids.at(-1)!}`);
}

export function range(first: Zxid, count: number): Zxid[] {
  return Array.from({ length: count }, (_, i) => first + BigInt(i));
}
