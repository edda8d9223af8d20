/** `npm run hostile`: input that no client should send, and whether the server stays what it was. See README.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Generator } from '../bench/generator.js';
import { launch, whyMissing, type RunningServer, type ServerKind } from '../lib/launch.js';
import { flag, number, optionalText, parseOptions, text } from '../lib/options.js';
import { openDescriptors, residentBytes } from '../lib/processes.js';
import { freshSeed, SeededRandom } from '../lib/random.js';
import { ConnectionLost, RawClient } from '../lib/raw-client.js';
import { Checks, conclude, human, mebibytes, note, progress } from '../lib/report.js';
import { median } from '../lib/statistics.js';
import { body, Op } from '../lib/wire.js';
import { isAccepted } from './accepted.js';
import { attack } from './attack.js';
import { allCases } from './cases.js';
import { Janitor, superDigest } from './janitor.js';
import { loadCorpus } from './mutate.js';
import { runCases, type Outcome } from './outcomes.js';

const options = parseOptions(
  'hostile',
  'Malformed requests one by one, compared with Apache ZooKeeper, then a flood of mutated ones.',
  {
    frames: number(1_000_000, 'n', 'mutated frames of the flood'),
    connections: number(10_000, 'n', 'connections of the flood'),
    concurrent: number(200, 'n', 'connections at the same time'),
    rate: number(10_000, 'n', 'frames per second'),
    seed: number(-1, 'n', 'repeats the mutations of an earlier run; -1 draws one'),
    server: text('zk', 'server', 'zk or apache'),
    against: optionalText(
      'server',
      'compare the single cases with a live server (apache) instead of with recorded outcomes',
    ),
    record: flag('record the outcomes of --server as those to compare with'),
    smoke: flag('report how much slower other clients were, without judging: too short to measure, and not alone'),
    'cases-only': flag('leave out the flood'),
    'flood-only': flag('leave out the single cases'),
    json: optionalText('file', 'write the results there (- for stdout)'),
  },
);

const RECORDED = new URL('./corpus/outcomes-apache-3.9.5.json', import.meta.url);
const LARGE = '/hostile/large';
const MEMORY_LIMIT_MIB = 30;
const SLOWDOWN_LIMIT = 3;
const VICTIM = { parent: '/bench/n', nodes: 1_000, interval: 2 };
const KEPT = ['/hostile', '/bench'];

const seed = options.seed < 0 ? freshSeed() : options.seed;
const checks = new Checks(
  `npm run hostile -- --seed ${seed} --frames ${options.frames} --connections ${options.connections}`,
);

process.exit(await main());

async function main(): Promise<number> {
  const kind = toKind(options.server);
  const missing = whyMissing(kind) ?? (options.against === undefined ? undefined : whyMissing(toKind(options.against)));
  if (missing !== undefined) return refuse(missing);
  const startedAt = new Date();
  note(`hostile: seed ${seed}`);
  const details: Record<string, unknown> = {};
  try {
    if (!options['flood-only']) details['cases'] = await compareCases(kind);
    if (!options['cases-only'] && !options.record) details['flood'] = await flood(kind);
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    checks.fail('the server stays up', `a well-behaved connection was lost: ${error.message}`);
  }
  return conclude('hostile', checks, options.json, { startedAt, seed, options, details });
}

async function compareCases(kind: ServerKind): Promise<Record<string, unknown>> {
  const all = allCases();
  const reference = options.record ? new Map<string, Outcome>() : await referenceOutcomes(all);
  const server = await launch({ kind });
  const runnable = kind === 'apache' ? all.filter(isSafeForApache) : all;
  const outcomes = await runCases(server.port, runnable, kind);
  checks.check('single cases do not end the server', !server.hasExited(), server.output().slice(-500));
  await server.stop();
  if (options.record) {
    writeFileSync(RECORDED, `${JSON.stringify(Object.fromEntries([...outcomes].sort()), null, 1)}\n`);
    note(`${outcomes.size} outcomes recorded`);
    return { recorded: outcomes.size };
  }
  let same = 0;
  const differences: Record<string, number> = {};
  for (const [name, ours] of outcomes) {
    const theirs = reference.get(name);
    if (ours === theirs) {
      same++;
      checks.pass(name);
      continue;
    }
    const difference = isAccepted(name, ours, theirs);
    if (difference === undefined)
      checks.fail(name, `${kind} says "${ours}", Apache ${theirs === undefined ? 'was not asked' : `"${theirs}"`}`);
    else {
      differences[difference.reason] = (differences[difference.reason] ?? 0) + 1;
      checks.pass(name, difference.reason);
    }
  }
  for (const [reason, count] of Object.entries(differences)) note(`accepted in ${count} cases: ${reason}`);
  return { cases: outcomes.size, same, accepted: differences };
}

async function referenceOutcomes(all: ReturnType<typeof allCases>): Promise<Map<string, Outcome>> {
  if (options.against === undefined) {
    if (!existsSync(RECORDED)) throw new Error(`no recorded outcomes at ${RECORDED.pathname}`);
    return new Map(Object.entries(JSON.parse(readFileSync(RECORDED, 'utf8')) as Record<string, Outcome>));
  }
  const server = await launch({ kind: toKind(options.against) });
  const outcomes = await runCases(server.port, all.filter(isSafeForApache), options.against);
  await server.stop();
  return outcomes;
}

function isSafeForApache({ name }: { name: string }): boolean {
  return !name.endsWith('(Apache crashes)');
}

async function flood(kind: ServerKind): Promise<Record<string, unknown>> {
  const config = {
    tickTime: 500,
    minSessionTimeout: 1_000,
    maxSessionTimeout: 60_000,
    'DigestAuthenticationProvider.superDigest': superDigest,
  };
  const server = await launch({ kind, config });
  const generator = Generator.prepare('auto');
  const { parent, nodes } = VICTIM;
  await generator.run('fill', { port: server.port, parent, nodes, connections: 1, outstanding: 64 });
  const setup = await RawClient.open({ port: server.port });
  await setup.request(Op.create, body.create('/hostile', Buffer.alloc(0)));
  await setup.request(Op.create, body.create(LARGE, Buffer.alloc(100_000, 'l')));
  await setup.close();
  const janitor = await Janitor.open(server.port, KEPT);
  const corpus = loadCorpus();
  const random = new SeededRandom(seed);
  const common = {
    port: server.port,
    random,
    corpus,
    largePath: LARGE,
    concurrent: options.concurrent,
    framesPerSecond: options.rate,
  };

  const show = (frames: number, connections: number): void =>
    progress(
      `flood: ${human(frames)} frames, ${human(connections)} connections, ${mebibytes(residentBytes(server.pid)).toFixed(0)} MiB`,
    );

  // Heaps, code and buffers grow under any load; what counts is what hostility adds to that of ordinary clients.
  progress('warming up with ordinary clients');
  const ordinary = { port: server.port, parent, nodes, connections: options.concurrent };
  await generator.run('idle', { ...ordinary, hold: 0 });
  await generator.run('bench', {
    ...ordinary,
    outstanding: 4,
    mix: 'get=60,set=30,create-delete=10',
    warmup: 0,
    seconds: 5,
  });
  await settle(janitor);
  const quiet = await probe(generator, server, 5);
  const before = await measure(server);

  const during = await generator.start('probe', { ...VICTIM, port: server.port, seconds: 3_600 });
  // The flood yields to server and reader: how a machine shares its cores is not what is measured.
  setPriority(10);
  const sweeping = setInterval(() => void janitor.clean().catch(() => undefined), 2_000); // a lost janitor shows below
  const counts = await attack({
    ...common,
    frames: options.frames,
    connections: options.connections,
    onProgress: show,
  });
  during.stop();
  const pressed = await during.result;
  clearInterval(sweeping);

  checks.check(
    'the server stays up',
    !server.hasExited(),
    server.hasExited() ? server.output().slice(-2_000) : 'running',
  );
  if (server.hasExited()) return { counts };
  await settle(janitor);
  const after = await measureUntilQuiet(server, before);
  checks.check(
    'descriptors are back to the start',
    after.descriptors <= before.descriptors,
    `${before.descriptors} before, ${after.descriptors} after`,
  );
  const grown = mebibytes(after.residentBytes - before.residentBytes);
  checks.check(
    `resident memory grew by at most ${MEMORY_LIMIT_MIB} MiB`,
    grown <= MEMORY_LIMIT_MIB,
    `${grown.toFixed(1)} MiB more than ${mebibytes(before.residentBytes).toFixed(0)}`,
  );
  const slowdown = pressed.p99Us / quiet.p99Us;
  const latencies = `p99 ${quiet.p99Us.toFixed(0)} us quiet, ${pressed.p99Us.toFixed(0)} us meanwhile (${slowdown.toFixed(1)} x)`;
  const isFastEnough = options.smoke || slowdown <= SLOWDOWN_LIMIT;
  checks.check(
    options.smoke
      ? "another client's reads are all answered"
      : `another client's reads are at most ${SLOWDOWN_LIMIT} times slower`,
    isFastEnough && pressed.errors === 0,
    latencies,
  );
  checks.check('an ordinary session works afterwards', await isUsable(server), 'create, getData, delete');
  await janitor.close();
  await server.stop();
  note(latencies);
  return { counts, before, after, quiet, pressed, slowdown };
}

/** Dropped sessions expire, then their ephemerals are gone and the rest can be removed. */
async function settle(janitor: Janitor): Promise<void> {
  await delay(3_000);
  await janitor.clean();
}

function probe(generator: Generator, server: RunningServer, seconds: number) {
  return generator.run('probe', { ...VICTIM, port: server.port, seconds });
}

interface Measured {
  readonly descriptors: number;
  readonly residentBytes: number;
}

async function measure(server: RunningServer): Promise<Measured> {
  const samples: number[] = [];
  for (let i = 0; i < 10; i++) {
    samples.push(residentBytes(server.pid));
    await delay(100);
  }
  return { descriptors: openDescriptors(server.pid), residentBytes: median(samples) };
}

/** Garbage collectors and expiry take their time; a leak stays however long one waits. */
async function measureUntilQuiet(server: RunningServer, before: Measured): Promise<Measured> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const now = await measure(server);
    const isBack =
      now.descriptors <= before.descriptors && now.residentBytes <= before.residentBytes + MEMORY_LIMIT_MIB * (1 << 20);
    if (isBack || performance.now() > deadline) return now;
    await delay(2_000);
  }
}

async function isUsable(server: RunningServer): Promise<boolean> {
  const client = await RawClient.open({ port: server.port });
  const path = '/hostile/ordinary';
  const created = await client.request(Op.create, body.create(path, Buffer.from('x')));
  const read = await client.request(Op.getData, body.pathAndFlag(path, false));
  const deleted = await client.request(Op.delete, body.delete(path, 0));
  await client.close();
  return created.error === 0 && read.error === 0 && deleted.error === 0;
}

function toKind(name: string): ServerKind {
  if (name !== 'zk' && name !== 'apache') process.exit(refuse(`unknown server "${name}": zk or apache`));
  return name;
}

function refuse(message: string): number {
  process.stderr.write(`hostile: ${message}\n`);
  return 2;
}
