/** `npm run contention`: many contenders for one lock, in several processes, on bad connections. See README.md. */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '@zk/client';
import { type RunningServer, type ServerKind, launch, whyMissing } from '../lib/launch.js';
import { number, optionalText, parseOptions, text } from '../lib/options.js';
import { SeededRandom, freshSeed } from '../lib/random.js';
import { Checks, human, note, progress, writeJson } from '../lib/report.js';
import { percentile } from '../lib/statistics.js';
import { type Hold, Verdicts } from './verdicts.js';
import type { LockKind, Order, Report } from './messages.js';
import { ProtectedResource } from './resource.js';

const options = parseOptions(
  'contention',
  'Contenders for one lock, with cuts, pauses and expiries; nothing may go back.',
  {
    seconds: number(120, 's', 'how long'),
    contenders: number(50, 'n', 'contenders, each with a session of its own'),
    processes: number(4, 'n', 'processes that share them'),
    faults: number(4, 'n', 'faults per second, in all'),
    session: number(2_000, 'ms', 'session timeout'),
    lock: text('mutex', 'kind', 'mutex, write or semaphore'),
    kind: text('zk', 'kind', 'server to start: zk or apache'),
    server: optionalText('host:port', 'a server that runs already'),
    seed: number(-1, 'n', 'repeats the choices of an earlier run; -1 draws one'),
    json: optionalText('file', 'write the figures there (- for stdout)'),
  },
);

async function main(): Promise<number> {
  const { lock, kind } = options;
  if (!isLock(lock)) return refuse('--lock is mutex, write or semaphore');
  if (!isKind(kind)) return refuse('--kind is zk or apache');
  const missing = options.server === undefined ? whyMissing(kind) : undefined;
  if (missing !== undefined) return refuse(missing);
  const seed = options.seed < 0 ? freshSeed() : options.seed;
  // Ticks short enough for sessions to end when they should.
  const config = { tickTime: Math.max(50, Math.round(options.session / 10)), minSessionTimeout: 100 };
  const server = options.server === undefined ? await launch({ kind, config }) : undefined;
  const servers = options.server ?? `127.0.0.1:${server!.port}`;
  note(`contention: seed ${seed}, ${options.contenders} contenders in ${options.processes} processes on ${servers}`);
  try {
    return await run(servers, lock, seed, server);
  } finally {
    await server?.stop();
  }
}

async function run(servers: string, lock: LockKind, seed: number, server: RunningServer | undefined): Promise<number> {
  const path = `/contention-${seed}`;
  await using client = await connect(servers);
  await client.create(`${path}-value`);
  const resource = new ProtectedResource();
  const resourcePort = await resource.listen();
  const verdicts = new Verdicts();
  const random = new SeededRandom(seed);
  const startedMs = performance.now();

  const share = Math.ceil(options.contenders / options.processes);
  const workers: Worker[] = [];
  for (let first = 0; first < options.contenders; first += share) {
    workers.push(
      new Worker(verdicts, {
        servers,
        resourcePort,
        path,
        lock,
        first,
        contenders: Math.min(share, options.contenders - first),
        sessionTimeoutMs: options.session,
        faultsPerSecond: options.faults / options.processes,
        seed,
      }),
    );
  }
  const end = startedMs + options.seconds * 1_000;
  while (performance.now() < end && server?.hasExited() !== true) {
    await delay(Math.min(random.between(500, 4_000), Math.max(0, end - performance.now())));
    // Mostly the length of a long garbage collection; now and then longer than a session lives.
    const longestMs = random.chance(0.25) ? options.session * 1.5 : options.session / 5;
    if (options.faults > 0) await pause(random.pick(workers), random.between(20, longestMs), verdicts);
    progress(
      `${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(5)} s  ${human(verdicts.holds.length)} holds`,
    );
  }
  for (const worker of workers) worker.order({ kind: 'stop' });
  await Promise.all(workers.map((worker) => worker.done));
  const seconds = (performance.now() - startedMs) / 1_000;

  const checks = new Checks(`npm run contention -- --seed ${seed} --seconds ${options.seconds} --lock ${lock}`);
  checks.check('the server stays up', server?.hasExited() !== true, server?.hasExited() ? server.output() : 'running');
  verdicts.judge(checks, resource, options);
  const left = await leftBehind(client, lock === 'semaphore' ? [`${path}/locks`, `${path}/leases`] : [path]);
  checks.check('no node of a contender is left', left.length === 0, left.length === 0 ? 'none' : left.join(' '));
  resource.close();
  show(verdicts, resource, seconds, checks, seed);
  return checks.failed === 0 ? 0 : 1;
}

/** The whole process stops, as under a debugger, in a swapping machine, in a frozen container. */
async function pause(worker: Worker, ms: number, verdicts: Verdicts): Promise<void> {
  verdicts.count('paused');
  worker.child.kill('SIGSTOP');
  await delay(ms);
  worker.child.kill('SIGCONT');
}

/** Sessions that were paused or killed need their time to expire. */
async function leftBehind(client: Awaited<ReturnType<typeof connect>>, paths: readonly string[]): Promise<string[]> {
  const deadline = performance.now() + options.session * 3 + 30_000;
  for (;;) {
    const found: string[] = [];
    for (const path of paths) {
      if ((await client.exists(path, { linearizable: true })) === null) continue;
      found.push(...(await client.getChildren(path)).children.filter((name) => name.startsWith('_c_')));
    }
    if (found.length === 0 || performance.now() > deadline) return found;
    await delay(200);
  }
}

class Worker {
  readonly child: ChildProcess;
  readonly done: Promise<void>;

  constructor(verdicts: Verdicts, config: Extract<Order, { kind: 'start' }>['config']) {
    this.child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), { serialization: 'advanced' });
    process.on('exit', () => this.child.kill('SIGKILL'));
    this.done = new Promise((resolve) => {
      this.child.on('message', (message: Report) => verdicts.hear(message));
      this.child.on('exit', (code) => {
        if (code !== 0) verdicts.count('crashedProcess');
        resolve();
      });
    });
    this.order({ kind: 'start', config });
  }

  order(order: Order): void {
    this.child.send(order);
  }
}

function show(verdicts: Verdicts, resource: ProtectedResource, seconds: number, checks: Checks, seed: number): void {
  const { holds, counts, guarded } = verdicts;
  const waits = holds.map((hold: Hold) => hold.waitedMs);
  const perSecond = holds.length / seconds;
  const faults = ['cut', 'stalled', 'killed', 'busy', 'paused'].map((what) => `${counts.get(what) ?? 0} ${what}`);
  note(`faults     ${faults.join(', ')}`);
  note(
    `sessions   ${holds.filter((hold) => hold.wasLost).length} holds lost, ${new Set(holds.map((h) => h.contender)).size} contenders served`,
  );
  note(`acquires   ${counts.get('timedOut') ?? 0} timed out, ${counts.get('cancelled') ?? 0} cancelled`);
  note(`resource   ${human(resource.accepted.length)} writes accepted, ${resource.refused} with an old token refused`);
  note(`guarded    ${human(guarded.length)} writes committed while held`);
  note(
    `throughput ${human(perSecond)} holds/s; wait p50 ${human(percentile(waits, 0.5))} ms, p99 ${human(percentile(waits, 0.99))} ms`,
  );
  for (const { name, passed, detail } of checks.results)
    note(`${passed ? 'passed' : 'FAILED'}  ${name}: ${detail ?? ''}`);
  writeJson(options.json, {
    seed,
    options,
    seconds,
    holdsPerSecond: perSecond,
    counts: Object.fromEntries(counts),
    results: checks.results,
  });
  process.stdout.write(
    `contention: seed ${seed}: ${human(holds.length)} holds in ${seconds.toFixed(0)} s (${human(perSecond)}/s), ` +
      `${checks.passed} passed, ${checks.failed} failed\n`,
  );
}

function isLock(value: string): value is LockKind {
  return value === 'mutex' || value === 'write' || value === 'semaphore';
}

function isKind(value: string): value is ServerKind {
  return value === 'zk' || value === 'apache';
}

function refuse(message: string): number {
  process.stderr.write(`contention: ${message}\n`);
  return 2;
}

process.exit(await main());
