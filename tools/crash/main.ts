/** `npm run crash`: kills the server again and again and holds it to every acknowledgement. See README.md. */
import { cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryDirectory, whyMissing, type ServerKind } from '../lib/launch.js';
import { flag, number, optionalText, parseOptions, text } from '../lib/options.js';
import { freshSeed } from '../lib/random.js';
import { Checks, conclude, note } from '../lib/report.js';
import { runFullDisk } from './full-disk.js';
import { runKillRounds } from './kill-rounds.js';
import { runSelfTest } from './self-test.js';
import { runSyncBeforeAck } from './sync-before-ack.js';
import { runTorn } from './torn.js';

const options = parseOptions(
  'crash',
  'Kills the server under load and checks that nothing it acknowledged is lost. Without one of the switches: random kills.',
  {
    kills: number(50, 'n', 'random kills'),
    seed: number(-1, 'n', 'repeats the choices of an earlier run; -1 draws one'),
    workers: number(8, 'n', 'writing sessions'),
    outstanding: number(16, 'n', 'requests in flight per session'),
    server: text('zk', 'server', 'zk or apache'),
    torn: flag('cut the log at every byte of its last record instead'),
    'torn-step': number(1, 'bytes', 'distance between two cuts'),
    'full-disk': flag('fill a small file system instead (needs root, for mount)'),
    'sync-before-ack': flag('prove that a sync precedes each acknowledgement instead'),
    'self-test': flag('damage the data on purpose: the checker must notice'),
    all: flag('everything'),
    json: optionalText('file', 'write the results there (- for stdout)'),
  },
);

process.exit(await main());

async function main(): Promise<number> {
  if (options.server !== 'zk' && options.server !== 'apache') return refuse('--server is zk or apache');
  const kind: ServerKind = options.server;
  const missing = whyMissing(kind);
  if (missing !== undefined) return refuse(missing);
  const seed = options.seed < 0 ? freshSeed() : options.seed;
  const startedAt = new Date();
  note(`crash: seed ${seed}`);
  const switches = (['torn', 'full-disk', 'sync-before-ack', 'self-test'] as const).filter((name) => options[name]);
  const wants = (name: (typeof switches)[number]): boolean => options.all || options[name];
  const checks = new Checks(
    `npm run crash -- --seed ${seed} --kills ${options.kills}${switches.map((name) => ` --${name}`).join('')}`,
  );
  const details: Record<string, unknown> = {};

  if (options.all || switches.length === 0) {
    const dataDir = temporaryDirectory('zk-crash-');
    const { kills, workers, outstanding } = options;
    details['kills'] = await runKillRounds(
      { kind, dataDir, kills, seed, workers, outstanding, stopsAtFailure: true },
      checks,
    );
    if (checks.failed > 0) {
      const kept = join(tmpdir(), `zk-crash-failure-${seed}`);
      cpSync(dataDir, kept, { recursive: true });
      note(`the data directory was kept as ${kept}`);
    }
  }
  if (wants('torn')) details['torn'] = await runTorn({ kind, step: options['torn-step'] }, checks);
  if (wants('full-disk')) details['fullDisk'] = await runFullDisk(kind, checks);
  if (wants('sync-before-ack')) details['syncBeforeAck'] = await runSyncBeforeAck(kind, checks);
  if (wants('self-test')) details['selfTest'] = await runSelfTest(kind, seed, checks);

  return conclude('crash', checks, options.json, { startedAt, seed, options, details });
}

function refuse(message: string): number {
  process.stderr.write(`crash: ${message}\n`);
  return 2;
}
