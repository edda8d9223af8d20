import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { CommandError, ExitCode } from '../cli/exit-codes.js';
import { type Call, validPath } from '../commands/command.js';
import { relativeTo } from '../format/paths.js';
import { walk } from '../tree/walk.js';
import { type Exported, exportLine, headerLine } from './format.js';
import { startProgress } from './progress.js';

const CHUNK_CHARS = 64 * 1024;

/** Writes a subtree, in one pass. A file appears under its name only when it is complete. */
export async function runExport(call: Call): Promise<void> {
  const root = validPath(call.args[0] ?? '/');
  const file = call.args[1];
  const sink = file === undefined || file === '-' ? new OutputSink(call) : await FileSink.open(file, call.has('force'));
  // The number of znodes is only for the bar; older servers do not know the request.
  const total = await call.client.countDescendants(root, { signal: call.signal }).catch(() => 0);
  const progress = startProgress(call.out, 'export', total + 1);
  let count = 0;
  let told = 0;
  try {
    let chunk = `${headerLine(root, new Date(call.shell.io.now()).toISOString())}\n`;
    for await (const exported of exportedNodes(call, root)) {
      chunk += `${exportLine(exported)}\n`;
      count++;
      if (chunk.length < CHUNK_CHARS) continue;
      progress.advance(count - told);
      told = count;
      await sink.write(chunk);
      chunk = '';
    }
    await sink.write(chunk);
    await sink.complete();
    progress.setTotal(count);
    progress.advance(count - told);
  } catch (error) {
    await sink.discard();
    throw error;
  } finally {
    progress.stop();
  }
  if (file !== undefined && file !== '-')
    call.out.emit({ exported: count, file }, `${count} znodes written to ${file}`);
}

async function* exportedNodes(call: Call, root: string): AsyncGenerator<Exported> {
  const { client, signal } = call;
  const withAcl = !call.has('no-acl');
  const withEphemerals = !call.has('no-ephemerals');
  const withSystem = call.has('system') || root.startsWith('/zookeeper');
  const visited = walk(client, root, { signal, reads: { data: true, acl: withAcl } });
  for await (const { path, stat, data, acl, error } of visited) {
    if (!withSystem && (path === '/zookeeper' || path.startsWith('/zookeeper/'))) continue;
    // An export that silently lacks what it was not allowed to see would be taken for a complete one.
    if (error !== undefined) throw error;
    const isEphemeral = stat !== undefined && stat.ephemeralOwner !== 0n;
    if (isEphemeral && !withEphemerals) continue;
    yield { relative: relativeTo(root, path), data: data ?? null, isEphemeral, acl };
  }
}

interface Sink {
  write(text: string): Promise<void>;
  complete(): Promise<void>;
  discard(): Promise<void>;
}

class OutputSink implements Sink {
  constructor(private readonly call: Call) {}

  async write(text: string): Promise<void> {
    this.call.out.raw(text);
    await this.call.out.flushed();
  }

  complete(): Promise<void> {
    return this.call.out.flushed();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }
}

class FileSink implements Sink {
  private constructor(
    private readonly file: string,
    private readonly partial: string,
    private readonly target: Writable,
    private readonly done: Promise<void>,
  ) {}

  static async open(file: string, isForced: boolean): Promise<FileSink> {
    const partial = `${file}.partial`;
    if (existsSync(file) && !isForced) throw new CommandError(`${file} exists; --force replaces it`, ExitCode.failed);
    const output = createWriteStream(partial);
    const done = finished(output);
    // Whoever writes learns of a failure by it; before that it is nobody's.
    done.catch(() => undefined);
    try {
      await once(output, 'open');
    } catch (error) {
      throw new CommandError(`cannot write ${file}: ${(error as Error).message}`, ExitCode.failed, { cause: error });
    }
    if (!file.endsWith('.gz')) return new FileSink(file, partial, output, done);
    const gzip = createGzip();
    gzip.pipe(output);
    return new FileSink(file, partial, gzip, done);
  }

  async write(text: string): Promise<void> {
    if (this.target.write(text)) return;
    await Promise.race([once(this.target, 'drain'), this.done]);
  }

  async complete(): Promise<void> {
    this.target.end();
    await this.done;
    await rename(this.partial, this.file);
  }

  async discard(): Promise<void> {
    this.target.destroy();
    await rm(this.partial, { force: true });
  }
}
