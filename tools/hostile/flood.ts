/** The flood: many hostile connections for minutes, and what it leaves of the server and of another client's reads. */
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Generator } from '../bench/generator.js';
import { launch, type RunningServer, type ServerKind } from '../lib/launch.js';
import { openDescriptors, residentBytes } from '../lib/processes.js';
import { SeededRandom } from '../lib/random.js';
import { RawClient } from '../lib/raw-client.js';
import { human, mebibytes, note, progress, type Checks } from '../lib/report.js';
import { median } from '../lib/statistics.js';
import { body, Op } from '../lib/wire.js';
import { attack, type AttackCounts, type AttackSettings } from './attack.js';
import { Janitor, superDigest } from './janitor.js';
import { loadCorpus } from './mutate.js';
import { WatchedReads } from './reads.js';
import { judgeReads } from './slowdown.js';

export interface FloodSettings {
  readonly seed: number;
  readonly frames: number;
  readonly connections: number;
  readonly concurrent: number;
  /** Frames per second, at most. */
  readonly rate: number;
  /** Report how much slower other clients were, without judging. */
  readonly smoke: boolean;
}

const LARGE = '/hostile/large';
const VICTIM = { parent: '/bench/n', nodes: 1_000 };
const KEPT = ['/hostile', '/bench'];
const MEMORY_LIMIT_MIB = 30;
const ROUND_SECONDS = 10;
/** How many rounds of the flood are added, at most, until enough of the reads could be judged. */
const EXTRA_ROUNDS = 20;
const QUIET_WINDOWS_PER_ROUND = 3;

/** What all parts of a flood work with. */
interface Scene {
  readonly server: RunningServer;
  readonly generator: Generator;
  readonly janitor: Janitor;
  readonly settings: FloodSettings;
  readonly checks: Checks;
}

export async function flood(
  kind: ServerKind,
  settings: FloodSettings,
  checks: Checks,
): Promise<Record<string, unknown>> {
  const scene = await prepare(kind, settings, checks);
  const { server, janitor } = scene;
  try {
    const details = await press(scene);
    checks.pass('the server stays up');
    checks.check('an ordinary session works afterwards', await isUsable(server), 'create, getData, delete');
    await janitor.close();
    await server.stop();
    return details;
  } catch (error) {
    if (!server.hasExited()) throw error;
    checks.fail('the server stays up', server.output().slice(-2_000));
    return {};
  }
}

/** A server with what the reader reads and what stalled connections ask for, warmed up. */
async function prepare(kind: ServerKind, settings: FloodSettings, checks: Checks): Promise<Scene> {
  const config = {
    tickTime: 500,
    minSessionTimeout: 1_000,
    maxSessionTimeout: 60_000,
    'DigestAuthenticationProvider.superDigest': superDigest,
  };
  const server = await launch({ kind, config });
  const generator = Generator.prepare('auto');
  const { port } = server;
  await generator.run('fill', { ...VICTIM, port, connections: 1, outstanding: 64 });
  const setup = await RawClient.open({ port });
  await setup.request(Op.create, body.create('/hostile', Buffer.alloc(0)));
  await setup.request(Op.create, body.create(LARGE, Buffer.alloc(100_000, 'l')));
  await setup.close();
  const janitor = await Janitor.open(port, KEPT);
  // Heaps, code and buffers grow under any load; what counts is what hostility adds to that of ordinary clients.
  progress('warming up with ordinary clients');
  const ordinary = { ...VICTIM, port, connections: settings.concurrent };
  await generator.run('idle', { ...ordinary, hold: 0 });
  const mix = 'get=60,set=30,create-delete=10';
  await generator.run('bench', { ...ordinary, outstanding: 4, mix, warmup: 0, seconds: 5 });
  await settle(janitor);
  return { server, generator, janitor, settings, checks };
}

/** Floods and judges what can be measured: memory, descriptors, the reads of another client. */
async function press(scene: Scene): Promise<Record<string, unknown>> {
  const { server, generator, settings, checks } = scene;
  const before = await measure(server);
  const reads = await WatchedReads.start(generator, server, VICTIM);
  // The flood yields to server and reader: how a machine shares its cores is not what is measured.
  setPriority(10);
  const counts = await runRounds(scene, reads);
  const { errors, ...phases } = await reads.finish();
  await settle(scene.janitor);
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
  checks.check("another client's reads are all answered", errors === 0, `${errors} were wrong`);
  const verdict = judgeReads(phases);
  note(verdict.detail);
  if (!settings.smoke) checks.check(verdict.check, verdict.holds, verdict.detail);
  return { counts, before, after, reads: phases };
}

/** Quiet and flooded in turn, until all frames were sent and enough reads were made while the machine was calm. */
async function runRounds(scene: Scene, reads: WatchedReads): Promise<AttackCounts> {
  const { server, janitor, settings } = scene;
  const rounds = Math.max(1, Math.round(settings.frames / settings.rate / ROUND_SECONDS));
  const total: AttackCounts = { frames: 0, connections: 0, byKind: {} };
  const random = new SeededRandom(settings.seed);
  const common: AttackSettings = {
    port: server.port,
    random,
    corpus: loadCorpus(),
    frames: Math.ceil(settings.frames / rounds),
    connections: Math.ceil(settings.connections / rounds),
    concurrent: settings.concurrent,
    framesPerSecond: settings.rate,
    largePath: LARGE,
    isLost: () => server.hasExited(),
  };
  const isDone = (round: number): boolean =>
    round > rounds && (settings.smoke || reads.isEnough() || round > rounds + EXTRA_ROUNDS);
  for (let round = 1; !isDone(round); round++) {
    if (round > 1) await settle(janitor);
    await reads.watchQuiet(QUIET_WINDOWS_PER_ROUND);
    add(total, await floodOnce(common, janitor, reads));
    progress(
      `flood: round ${round} of ${rounds}, ${human(total.frames)} frames, ${human(total.connections)} connections, ` +
        `${mebibytes(residentBytes(server.pid)).toFixed(0)} MiB; calm: ${reads.calmWindows('quiet')} s quiet, ` +
        `${reads.calmWindows('flooded')} s flooded`,
    );
  }
  return total;
}

async function floodOnce(settings: AttackSettings, janitor: Janitor, reads: WatchedReads): Promise<AttackCounts> {
  const sweeping = setInterval(() => void janitor.clean().catch(() => undefined), 2_000); // a lost janitor shows later
  const { counts, ended } = attack(settings);
  try {
    await reads.watchFlood(() => counts.frames >= settings.frames);
    await ended;
  } finally {
    clearInterval(sweeping);
  }
  return counts;
}

function add(total: AttackCounts, { frames, connections, byKind }: AttackCounts): void {
  total.frames += frames;
  total.connections += connections;
  for (const [kind, count] of Object.entries(byKind)) total.byKind[kind] = (total.byKind[kind] ?? 0) + count;
}

/** Dropped sessions expire, then their ephemerals are gone and the rest can be removed. */
async function settle(janitor: Janitor): Promise<void> {
  await delay(3_000);
  await janitor.clean();
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
