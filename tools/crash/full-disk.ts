/**
 * A disk that runs full and recovers, on a small tmpfs of its own: writes are refused with an error while connections
 * stay and reads go on; nothing acknowledged is lost, nothing refused appears; writes resume when space returns.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { launch, temporaryDirectory, type RunningServer, type ServerKind } from '../lib/launch.js';
import { ConnectionLost, RawClient } from '../lib/raw-client.js';
import { progress, type Checks } from '../lib/report.js';
import { body, ByteReader, Op } from '../lib/wire.js';

const SIZE = '48m';

export async function runFullDisk(kind: ServerKind, checks: Checks): Promise<Record<string, unknown>> {
  const mountPoint = join(temporaryDirectory('zk-full-'), 'disk');
  mkdirSync(mountPoint);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'zk-full-disk', mountPoint], { stdio: 'pipe' });
  } catch (error) {
    checks.fail(
      'full disk',
      `a small tmpfs cannot be mounted; this needs root: ${error instanceof Error ? error.message : String(error)}`,
    );
    return {};
  }
  try {
    return await scenario(kind, mountPoint, checks);
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    checks.fail('connections stay', 'a connection was lost while the disk was full');
    return {};
  } finally {
    execFileSync('umount', ['-l', mountPoint]);
  }
}

async function scenario(kind: ServerKind, mountPoint: string, checks: Checks): Promise<Record<string, unknown>> {
  const dataDir = join(mountPoint, 'data');
  const config = { snapCount: 1_000_000, preAllocSize: 1_024 };
  let server = await launch({ kind, dataDir, config });
  const writer = new Writer(await RawClient.open({ port: server.port }));
  const bystander = await RawClient.open({ port: server.port });
  await writer.client.request(Op.create, body.create('/full', Buffer.alloc(0)));
  for (let i = 0; i < 200; i++) await writer.write();
  checks.check('writes succeed while there is room', writer.refused === 0, `${writer.acknowledged.size} written`);

  progress('full-disk: filling');
  const filler = join(mountPoint, 'filler');
  fillUp(filler);
  const refusal = await writer.writeUntilRefused(100_000);
  checks.check(
    'a write on a full disk is refused with an error',
    refusal !== undefined && refusal !== 0,
    `error ${refusal ?? 'none'}`,
  );
  let codes = new Set<number>();
  for (let i = 0; i < 20; i++) codes.add(await writer.write());
  checks.check(
    'every further write is refused alike',
    codes.size === 1 && !codes.has(0),
    `codes ${[...codes].join(', ')}`,
  );
  checks.check(
    'connections stay',
    writer.client.isOpen && bystander.isOpen && !server.hasExited(),
    'both open, server running',
  );
  if (server.hasExited() || !bystander.isOpen) return { refusal };
  checks.check(
    'reads go on',
    (await writer.missingFrom(bystander)).length === 0,
    'all that was acknowledged can be read',
  );

  progress('full-disk: making room');
  rmSync(filler);
  const resumedMs = await writer.writeUntilAccepted(15_000);
  checks.check('writes resume when space returns', resumedMs !== undefined, `after ${resumedMs?.toFixed(0) ?? '?'} ms`);
  codes = new Set<number>();
  for (let i = 0; i < 200; i++) codes.add(await writer.write());
  checks.check('and stay accepted', codes.size === 1 && codes.has(0), `codes ${[...codes].join(', ')}`);

  await server.kill();
  server = await launch({ kind, dataDir, config });
  const reader = await RawClient.open({ port: server.port });
  const missing = await writer.missingFrom(reader);
  checks.check(
    'nothing acknowledged is lost over a restart',
    missing.length === 0,
    missing.slice(0, 3).join(', ') || 'all there',
  );
  const extra = await writer.unexpectedIn(reader);
  checks.check('nothing refused appears', extra.length === 0, extra.slice(0, 3).join(', ') || 'none');
  await stop(server);
  return { refusal, resumedMs, acknowledged: writer.acknowledged.size, refused: writer.refused };
}

async function stop(server: RunningServer): Promise<void> {
  await server.kill();
}

class Writer {
  readonly acknowledged = new Set<string>();
  private readonly rejected = new Set<string>();
  private counter = 0;

  constructor(readonly client: RawClient) {}

  get refused(): number {
    return this.rejected.size;
  }

  /** Error code of one create. */
  async write(): Promise<number> {
    const path = `/full/n${this.counter++}`;
    try {
      const reply = await this.client.request(Op.create, body.create(path, Buffer.alloc(400, 'f')));
      (reply.error === 0 ? this.acknowledged : this.rejected).add(path);
      return reply.error;
    } catch (error) {
      if (error instanceof ConnectionLost) return -4;
      throw error;
    }
  }

  /** The first error; space already allocated to the log may take many writes more. */
  async writeUntilRefused(limit: number): Promise<number | undefined> {
    for (let i = 0; i < limit; i++) {
      const error = await this.write();
      if (error !== 0) return error;
    }
    return undefined;
  }

  async writeUntilAccepted(limitMs: number): Promise<number | undefined> {
    const start = performance.now();
    while (performance.now() - start < limitMs) {
      if ((await this.write()) === 0) return performance.now() - start;
      await delay(20);
    }
    return undefined;
  }

  async missingFrom(reader: RawClient): Promise<string[]> {
    const present = await names(reader);
    return [...this.acknowledged].filter((path) => !present.has(path));
  }

  async unexpectedIn(reader: RawClient): Promise<string[]> {
    const present = await names(reader);
    return [...this.rejected].filter((path) => present.has(path));
  }
}

async function names(reader: RawClient): Promise<Set<string>> {
  const reply = await reader.request(Op.getChildren, body.pathAndFlag('/full', false));
  return new Set(new ByteReader(reply.payload).strings().map((name) => `/full/${name}`));
}

/** Takes every free byte of the file system. */
function fillUp(file: string): void {
  const fd = openSync(file, 'w');
  const block = Buffer.alloc(64 << 10, 1);
  try {
    for (let size = block.length; size >= 1;) {
      try {
        writeSync(fd, block, 0, size);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        if (statfsSync(file).bavail === 0) return;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(fd);
  }
}
