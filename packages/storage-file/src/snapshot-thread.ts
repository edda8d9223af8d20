/** To the thread: what to write next, a piece of it as an ArrayBuffer, or one of these words. */
export type SnapshotCommand = SnapshotJob | ArrayBuffer | 'seal' | 'commit' | 'abort';

/** From the thread. */
export type SnapshotAnswer =
  /** A piece has been written. Its buffer comes back, for the next one. */
  | { readonly kind: 'taken'; readonly buffer: ArrayBuffer }
  | { readonly kind: 'committed'; readonly sizeBytes: number; readonly modifiedMs: number }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined };

export interface SnapshotJob {
  readonly directory: string;
  readonly temporaryName: string;
  readonly finalName: string;
  readonly compression: '' | 'gz' | 'snappy';
}

/**
 * The body of the thread that writes snapshots, one after the other: checksum, compression, file. As with the log's
 * thread, it is handed over as text and must not refer to anything outside itself, hence its own Adler-32 and its own
 * Snappy encoder.
 *
 * A snapshot ends with an answer: `committed`, `aborted` or `failed`. What still comes for one that has failed is passed
 * over, up to the next job.
 */
export function snapshotThreadMain(load: (module: string) => unknown): void {
  const fs = load('node:fs') as typeof import('node:fs');
  const zlib = load('node:zlib') as typeof import('node:zlib');
  const { parentPort } = load('node:worker_threads') as typeof import('node:worker_threads');
  const port = parentPort!;
  /** A sync of the log waits for the dirty pages of the whole file system: never let many of ours pile up. */
  const syncEveryBytes = 4 * 1024 * 1024;

  let checksum = 1;
  const addToChecksum = (bytes: Uint8Array): void => {
    let a = checksum & 0xffff;
    let b = checksum >>> 16;
    for (let i = 0; i < bytes.length;) {
      const blockEnd = Math.min(i + 3800, bytes.length);
      for (const unrolledEnd = blockEnd - 3; i < unrolledEnd; i += 4) {
        a += bytes[i]!;
        b += a;
        a += bytes[i + 1]!;
        b += a;
        a += bytes[i + 2]!;
        b += a;
        a += bytes[i + 3]!;
        b += a;
      }
      for (; i < blockEnd; i++) {
        a += bytes[i]!;
        b += a;
      }
      a %= 65521;
      b %= 65521;
    }
    checksum = ((b << 16) | a) >>> 0;
  };

  let fd = -1;
  let unsyncedBytes = 0;
  const writeOut = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;) done += fs.writeSync(fd, bytes, done);
    unsyncedBytes += bytes.length;
    if (unsyncedBytes < syncEveryBytes) return;
    fs.fdatasyncSync(fd);
    unsyncedBytes = 0;
  };

  /** One raw Snappy block of at most 32 KiB: literals and copies with two-byte offsets. */
  const table = new Int32Array(4096);
  const snappyBlock = (input: Uint8Array, start: number, end: number, out: Uint8Array): number => {
    let to = 0;
    let length = end - start;
    for (; length > 0x7f; length >>>= 7) out[to++] = (length & 0x7f) | 0x80;
    out[to++] = length;
    const literal = (from: number, until: number): void => {
      const count = until - from - 1;
      if (count < 0) return;
      if (count < 60) out[to++] = count << 2;
      else if (count < 0x100) {
        out[to++] = 60 << 2;
        out[to++] = count;
      } else {
        out[to++] = 61 << 2;
        out[to++] = count;
        out[to++] = count >>> 8;
      }
      out.set(input.subarray(from, until), to);
      to += until - from;
    };
    table.fill(-1);
    let from = start;
    for (let i = start; i + 4 <= end;) {
      const word = input[i]! | (input[i + 1]! << 8) | (input[i + 2]! << 16) | (input[i + 3]! << 24);
      const slot = Math.imul(word, 0x1e35a7bd) >>> 20;
      const found = table[slot]!;
      table[slot] = i;
      if (found < 0 || input[found] !== input[i] || input[found + 1] !== input[i + 1]) i++;
      else if (input[found + 2] !== input[i + 2] || input[found + 3] !== input[i + 3]) i++;
      else {
        literal(from, i);
        let same = 4;
        while (i + same < end && input[found + same] === input[i + same]) same++;
        for (let rest = same; rest > 0;) {
          const count = rest > 64 ? 64 : rest;
          out[to++] = ((count - 1) << 2) | 2;
          out[to++] = i - found;
          out[to++] = (i - found) >>> 8;
          rest -= count;
        }
        i += same;
        from = i;
      }
    }
    literal(from, end);
    return to;
  };

  interface Sink {
    write(bytes: Uint8Array): void | Promise<void>;
    end(): void | Promise<void>;
  }
  const plainSink = (): Sink => ({ write: writeOut, end: () => undefined });
  const gzipSink = (): Sink => {
    const gzip = zlib.createGzip({ level: 6, chunkSize: 256 * 1024 });
    gzip.on('data', writeOut);
    return {
      write: (bytes) =>
        new Promise((resolve, reject) =>
          gzip.write(bytes, (error) => (error instanceof Error ? reject(error) : resolve())),
        ),
      end: () =>
        new Promise((resolve, reject) => {
          gzip.on('end', resolve);
          gzip.on('error', reject);
          gzip.end();
        }),
    };
  };
  /** The framing of snappy-java's SnappyOutputStream (spec: disk format, section 4.2). */
  const snappySink = (): Sink => {
    const blockBytes = 32 * 1024;
    const block = new Uint8Array(blockBytes);
    const out = new Uint8Array(4 + 32 + blockBytes + (blockBytes >> 2));
    let filled = 0;
    writeOut(Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1));
    const flush = (): void => {
      if (filled === 0) return;
      const size = snappyBlock(block, 0, filled, out.subarray(4));
      new DataView(out.buffer).setInt32(0, size);
      writeOut(out.subarray(0, 4 + size));
      filled = 0;
    };
    return {
      write: (bytes) => {
        for (let done = 0; done < bytes.length;) {
          const count = Math.min(bytes.length - done, blockBytes - filled);
          block.set(bytes.subarray(done, done + count), filled);
          filled += count;
          done += count;
          if (filled === blockBytes) flush();
        }
      },
      end: flush,
    };
  };

  let job: SnapshotJob | undefined;
  let sink: Sink | undefined;
  const pathOf = (name: string): string => `${job!.directory}/${name}`;
  const begin = (): Sink => {
    fd = fs.openSync(pathOf(job!.temporaryName), 'w');
    if (job!.compression === 'gz') return gzipSink();
    return job!.compression === 'snappy' ? snappySink() : plainSink();
  };
  const take = async (bytes: Uint8Array): Promise<void> => {
    sink ??= begin();
    addToChecksum(bytes);
    // The next command must not begin before this piece is written; a plain file needs no turn for that.
    const writing = sink.write(bytes);
    if (writing !== undefined) await writing;
  };
  const closeFile = (): void => {
    if (fd >= 0) fs.closeSync(fd);
    fd = -1;
  };
  const commit = async (): Promise<SnapshotAnswer> => {
    sink ??= begin();
    await sink.end();
    fs.fsyncSync(fd);
    const { size, mtimeMs } = fs.fstatSync(fd);
    closeFile();
    fs.renameSync(pathOf(job!.temporaryName), pathOf(job!.finalName));
    const directoryFd = fs.openSync(job!.directory, 'r');
    fs.fsyncSync(directoryFd);
    fs.closeSync(directoryFd);
    return { kind: 'committed', sizeBytes: size, modifiedMs: Math.trunc(mtimeMs) };
  };
  const abort = (): SnapshotAnswer => {
    closeFile();
    fs.rmSync(pathOf(job!.temporaryName), { force: true });
    return { kind: 'aborted' };
  };
  const perform = async (command: SnapshotCommand): Promise<SnapshotAnswer | undefined> => {
    if (command instanceof ArrayBuffer) {
      await take(new Uint8Array(command));
      return { kind: 'taken', buffer: command };
    }
    if (command === 'commit') return commit();
    if (command === 'abort') return abort();
    if (command === 'seal') {
      const seal = new Uint8Array(13);
      new DataView(seal.buffer).setUint32(4, checksum);
      seal.set([0, 0, 0, 1, 0x2f], 8);
      await take(seal);
      return undefined;
    }
    job = command;
    sink = undefined;
    checksum = 1;
    unsyncedBytes = 0;
    return undefined;
  };

  let hasFailed = false;
  let queue: Promise<void> = Promise.resolve();
  port.on('message', (command: SnapshotCommand) => {
    queue = queue.then(async () => {
      const isJob = typeof command === 'object' && !(command instanceof ArrayBuffer);
      if (hasFailed && !isJob) return;
      hasFailed = false;
      try {
        const answer = await perform(command);
        if (answer !== undefined) port.postMessage(answer, answer.kind === 'taken' ? [answer.buffer] : []);
      } catch (error) {
        hasFailed = true;
        const { message, code } = error as NodeJS.ErrnoException;
        closeFile();
        port.postMessage({ kind: 'failed', message, code } satisfies SnapshotAnswer);
      }
    });
  });
}
