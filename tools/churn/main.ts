/** `npm run churn`: an hour of coming and going must end with the memory it began with. See README.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { fourLetterWord, launch, whyMissing, type RunningServer, type ServerKind } from '../lib/launch.js';
import { number, optionalText, parseOptions, text } from '../lib/options.js';
import { openDescriptors, residentBytes } from '../lib/processes.js';
import { freshSeed, SeededRandom } from '../lib/random.js';
import { Checks, human, mebibytes, note, writeJson } from '../lib/report.js';
import { median } from '../lib/statistics.js';
import { ChurnWorker, type ChurnCounts } from './worker.js';

const options = parseOptions(
  'churn',
  'Creates, deletes, sets, watches and reconnects for a long time; memory must not grow.',
  {
    minutes: number(60, 'min', 'how long'),
    interval: number(10, 's', 'time between two samples'),
    rate: number(3_000, 'n', 'operations per second'),
    clients: number(20, 'n', 'clients'),
    live: number(20_000, 'n', 'znodes alive at a time'),
    limit: number(10, '%', 'allowed growth of resident memory'),
    seed: number(-1, 'n', 'repeats the choices of an earlier run; -1 draws one'),
    server: text('zk', 'server', 'zk or apache'),
    json: optionalText('file', 'write all samples there (- for stdout)'),
  },
);

interface Sample {
  readonly seconds: number;
  readonly residentBytes: number;
  readonly descriptors: number;
  readonly operations: number;
  readonly znodes: number;
  readonly watches: number;
}

process.exit(await main());

async function main(): Promise<number> {
  if (options.server !== 'zk' && options.server !== 'apache') return refuse('--server is zk or apache');
  const kind: ServerKind = options.server;
  const missing = whyMissing(kind);
  if (missing !== undefined) return refuse(missing);
  const seed = options.seed < 0 ? freshSeed() : options.seed;
  const startedAt = new Date();
  note(`churn: seed ${seed}, ${options.minutes} minutes at ${human(options.rate)} operations a second`);
  const checks = new Checks(`npm run churn -- --seed ${seed} --minutes ${options.minutes}`);
  const server = await launch({ kind, config: { 'autopurge.purgeInterval': 1 } });
  const counts: ChurnCounts = { operations: 0, notifications: 0, sessions: 0, refused: 0 };
  const each = Math.ceil(options.live / options.clients);
  const workers = Array.from(
    { length: options.clients },
    (_, index) => new ChurnWorker(server.port, index, each, new SeededRandom(seed + index), counts),
  );
  for (const worker of workers) await worker.prepare();

  const totalSeconds = options.minutes * 60;
  const end = performance.now() + totalSeconds * 1_000;
  const samples: Sample[] = [];
  const sampling = sample(server, counts, end, samples);
  const batch = 10;
  const pauseMs = (1_000 * batch * workers.length) / options.rate;
  await Promise.all(
    workers.map(async (worker) => {
      for (let due = performance.now(); performance.now() < end && !server.hasExited(); due += pauseMs) {
        await worker.turn(batch);
        const early = due + pauseMs - performance.now();
        if (early > 0) await delay(early);
        else due = performance.now();
      }
    }),
  );
  await sampling;
  checks.check('the server stays up', !server.hasExited(), server.hasExited() ? server.output() : 'running');
  judgeMemory(samples, totalSeconds, checks);
  checks.check(
    'no request was refused without reason',
    counts.refused === 0,
    `${counts.refused} of ${counts.operations}`,
  );

  for (const worker of workers) await worker.finish();
  await judgeRest(server, checks);
  await server.stop();
  const { passed, failed } = checks;
  writeJson(options.json, { startedAt, seed, options, counts, samples, results: checks.results });
  for (const { name, passed: isGood, detail } of checks.results)
    note(`${isGood ? 'passed' : 'FAILED'}  ${name}: ${detail ?? ''}`);
  process.stdout.write(
    `churn: seed ${seed}: ${human(counts.operations)} operations, ${passed} passed, ${failed} failed\n`,
  );
  return failed === 0 ? 0 : 1;
}

async function sample(server: RunningServer, counts: ChurnCounts, end: number, samples: Sample[]): Promise<void> {
  const start = performance.now();
  let last = 0;
  while (performance.now() < end && !server.hasExited()) {
    await delay(Math.min(options.interval * 1_000, Math.max(0, end - performance.now())));
    if (server.hasExited()) return;
    const state = await monitor(server);
    const one: Sample = {
      seconds: (performance.now() - start) / 1_000,
      residentBytes: residentBytes(server.pid),
      descriptors: openDescriptors(server.pid),
      operations: counts.operations,
      znodes: state['zk_znode_count'] ?? 0,
      watches: state['zk_watch_count'] ?? 0,
    };
    const rate = (one.operations - last) / options.interval;
    last = one.operations;
    samples.push(one);
    note(
      `${one.seconds.toFixed(0).padStart(6)} s  ${mebibytes(one.residentBytes).toFixed(1).padStart(7)} MiB  ${human(rate).padStart(7)} op/s  ` +
        `${human(one.znodes).padStart(7)} znodes  ${human(one.watches).padStart(7)} watches  ${one.descriptors} descriptors  ${human(counts.sessions)} sessions so far`,
    );
  }
}

/** Warm-up is the first tenth (five minutes at most); the next tenth is the start, the last tenth the end. */
function judgeMemory(samples: readonly Sample[], totalSeconds: number, checks: Checks): void {
  const warm = Math.min(totalSeconds / 10, 300);
  const within = (from: number, to: number): number[] =>
    samples.filter((one) => one.seconds > from && one.seconds <= to).map((one) => one.residentBytes);
  const early = within(warm, warm + totalSeconds / 10);
  // No sample may fall into a short start while this process is held up: then the next one stands for it.
  const first = median(early.length > 0 ? early : within(warm, Infinity).slice(0, 1));
  const last = median(within(totalSeconds * 0.9, totalSeconds * 2));
  const growth = (last / first - 1) * 100;
  const detail = `${mebibytes(first).toFixed(1)} MiB at the start, ${mebibytes(last).toFixed(1)} MiB at the end, ${growth.toFixed(1)}%`;
  checks.check(`memory grew by at most ${options.limit}%`, growth <= options.limit, detail);
}

/** When everybody has left, so has what they had; sessions that vanished need their timeout first. */
async function judgeRest(server: RunningServer, checks: Checks): Promise<void> {
  const deadline = performance.now() + 30_000;
  let state = await monitor(server);
  const rest = (): number => (state['zk_ephemerals_count'] ?? -1) + (state['zk_watch_count'] ?? -1);
  while (rest() !== 0 && performance.now() < deadline) {
    await delay(500);
    state = await monitor(server);
  }
  const shown = `${state['zk_ephemerals_count'] ?? '?'} ephemerals, ${state['zk_watch_count'] ?? '?'} watches, ${state['zk_znode_count'] ?? '?'} znodes`;
  checks.check('no ephemeral and no watch is left', rest() === 0, shown);
}

/** The numbers of `mntr`. */
async function monitor(server: RunningServer): Promise<Record<string, number>> {
  const lines = (await fourLetterWord(server.port, 'mntr')).split('\n');
  return Object.fromEntries(
    lines.map((line) => line.split('\t')).map(([key = '', value = '']) => [key, Number(value)]),
  );
}

function refuse(message: string): number {
  process.stderr.write(`churn: ${message}\n`);
  return 2;
}
