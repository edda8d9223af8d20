/**
 * Shows that nothing is acknowledged before it is on the disk, in two independent ways. First with a preload that makes
 * every sync 300 ms slower: no write may be answered sooner than that after it was sent, alone or in a crowd. Then, where
 * strace is installed, from the system calls themselves: between the write to the log and the reply to the client there
 * is a completed sync of that log.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { launch, temporaryDirectory, type RunningServer, type ServerKind } from '../lib/launch.js';
import { RawClient } from '../lib/raw-client.js';
import { note, progress, type Checks } from '../lib/report.js';
import { median } from '../lib/statistics.js';
import { body, Op } from '../lib/wire.js';
import { judgeTrace } from './trace.js';

const SLOWDOWN_MS = 300;
/** Timers may fire a little early against another clock. */
const TOLERANCE_MS = 5;

/** `config` is for the self-test, which switches the sync off. */
export async function runSyncBeforeAck(
  kind: ServerKind,
  checks: Checks,
  config: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const details: Record<string, unknown> = {};
  if (kind === 'zk') details['slowSync'] = await withSlowSync(checks, config);
  else note('the slow-sync preload needs a Node server: skipped');
  details['trace'] = await withTrace(kind, checks, config);
  return details;
}

type Config = Readonly<Record<string, string>>;

async function withSlowSync(checks: Checks, config: Config): Promise<Record<string, unknown>> {
  progress('sync-before-ack: every sync takes 300 ms longer');
  const preload = join(dirname(fileURLToPath(import.meta.url)), 'slow-sync.cjs');
  const server = await launch({
    kind: 'zk',
    env: {
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --require=${preload}`,
      ZK_SLOW_SYNC_MS: String(SLOWDOWN_MS),
    },
    // A snapshot now would only add syncs of its own.
    config: { snapCount: 1_000_000, ...config },
  });
  const clients: RawClient[] = [];
  const openMs: number[] = [];
  for (let i = 0; i < 8; i++)
    openMs.push(await timed(async () => clients.push(await RawClient.open({ port: server.port }))));
  judge(checks, 'a session is answered after its sync', openMs);

  const [first] = clients;
  if (first === undefined) throw new Error('no client');
  const alone: number[] = [];
  alone.push(await timed(() => first.request(Op.create, body.create('/sync', Buffer.alloc(0)))));
  for (let i = 0; i < 5; i++)
    alone.push(await timed(() => first.request(Op.setData, body.setData('/sync', Buffer.from(`${i}`)))));
  judge(checks, 'one writer is answered after its sync', alone);

  // Writes arrive at every phase of a sync in progress, which must not count for them.
  const crowd: number[] = [];
  const reads: number[] = [];
  await Promise.all(
    clients.map(async (client, index) => {
      await delay(index * 37);
      for (let i = 0; i < 6; i++) {
        const path = `/sync/c${index}-${i}`;
        crowd.push(await timed(() => client.request(Op.create, body.create(path, Buffer.alloc(0)))));
        reads.push(await timed(() => client.request(Op.getData, body.pathAndFlag('/sync', false))));
      }
    }),
  );
  judge(checks, 'each of a crowd of writers is answered after a sync that began after its write', crowd);
  checks.check('reads go on meanwhile', median(reads) < SLOWDOWN_MS / 2, `median ${median(reads).toFixed(1)} ms`);
  await server.stop();
  return {
    openMs: Math.min(...openMs),
    aloneMs: Math.min(...alone),
    crowdMs: Math.min(...crowd),
    readMs: median(reads),
  };
}

function judge(checks: Checks, name: string, waitedMs: readonly number[]): void {
  const fastest = Math.min(...waitedMs);
  checks.check(
    name,
    fastest >= SLOWDOWN_MS - TOLERANCE_MS,
    `${waitedMs.length} answers, the fastest after ${fastest.toFixed(1)} ms`,
  );
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

async function withTrace(kind: ServerKind, checks: Checks, config: Config): Promise<unknown> {
  if (!hasStrace()) {
    note('strace is not installed (Debian: apt install strace): the proof from system calls was skipped');
    return 'skipped';
  }
  progress('sync-before-ack: tracing system calls');
  const server = await launch({ kind, env: { UV_USE_IO_URING: '0' }, config: { snapCount: 1_000_000, ...config } });
  const client = await RawClient.open({ port: server.port });
  await client.request(Op.create, body.create('/trace', Buffer.alloc(0)));
  const output = join(temporaryDirectory('zk-trace-'), 'trace');
  const strace = await attach(server, output);
  const writes = 50;
  for (let i = 0; i < writes; i++) {
    const reply = await client.request(Op.setData, body.setData('/trace', Buffer.from(`value ${i}`)));
    if (reply.error !== 0) throw new Error(`setData failed with error ${reply.error}`);
  }
  strace.kill('SIGINT');
  await once(strace, 'exit');
  await client.close();
  const verdict = judgeTrace(readFileSync(output, 'utf8'), server.port);
  await server.stop();
  const { replies, unsynced, syncs, logWrites } = verdict;
  checks.check(
    'every reply on the wire follows a completed sync of the log',
    unsynced.length === 0 && replies >= writes && logWrites >= writes,
    unsynced[0] ?? `${replies} replies, ${logWrites} log writes, ${syncs} syncs seen`,
  );
  return { replies, logWrites, syncs, unsynced: unsynced.length };
}

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // whatever the reason, it cannot be run
  }
}

async function attach(server: RunningServer, output: string): Promise<ReturnType<typeof spawn>> {
  const calls = 'trace=fdatasync,fsync,pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg';
  const args = [
    '-f',
    '-yy',
    '-xx',
    '-s',
    '48',
    '-ttt',
    '-e',
    calls,
    '-e',
    'signal=none',
    '-o',
    output,
    '-p',
    String(server.pid),
  ];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let heard = '';
  strace.stderr.on('data', (chunk: Buffer) => (heard += chunk.toString('utf8')));
  const deadline = performance.now() + 10_000;
  while (!heard.includes('attached')) {
    if (strace.exitCode !== null || performance.now() > deadline) throw new Error(`strace does not attach: ${heard}`);
    await delay(20);
  }
  await delay(300); // the remaining threads
  return strace;
}
