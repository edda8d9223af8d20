/** `npm run hostile`: input that no client should send, and whether the server stays what it was. See README.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { launch, whyMissing, type ServerKind } from '../lib/launch.js';
import { flag, number, optionalText, parseOptions, text } from '../lib/options.js';
import { freshSeed } from '../lib/random.js';
import { ConnectionLost } from '../lib/raw-client.js';
import { Checks, conclude, note } from '../lib/report.js';
import { isAccepted } from './accepted.js';
import type { Case } from './case.js';
import { allCases } from './cases.js';
import { beGreedyToEnsemble, floodEnsemble, followerOf, startEnsemble } from './ensemble.js';
import { flood } from './flood.js';
import { beGreedy } from './greedy.js';
import { runCases, type Outcome } from './outcomes.js';

const options = parseOptions(
  'hostile',
  'Malformed requests one by one, compared with Apache ZooKeeper; requests that ask for too much; a flood of mutated ones.',
  {
    frames: number(1_000_000, 'n', 'mutated frames of the flood'),
    connections: number(10_000, 'n', 'connections of the flood'),
    concurrent: number(200, 'n', 'connections at the same time'),
    rate: number(10_000, 'n', 'frames per second, at most'),
    seed: number(-1, 'n', 'repeats the mutations of an earlier run; -1 draws one'),
    server: text('zk', 'server', 'zk or apache'),
    servers: number(
      1,
      'n',
      'with more than one, a follower gets the single cases, and each server its part of the flood',
    ),
    against: optionalText(
      'server',
      'compare the single cases with a live server (apache) instead of with recorded outcomes',
    ),
    record: flag('record the outcomes of --server as those to compare with'),
    smoke: flag('report how much slower other clients were, without judging: too short to measure, and not alone'),
    'cases-only': flag('only the single cases'),
    'greedy-only': flag('only the requests that ask for too much'),
    'flood-only': flag('only the flood'),
    json: optionalText('file', 'write the results there (- for stdout)'),
  },
);

const RECORDED = new URL('./corpus/outcomes-apache-3.9.5.json', import.meta.url);

const seed = options.seed < 0 ? freshSeed() : options.seed;
const checks = new Checks(
  `npm run hostile -- --seed ${seed} --frames ${options.frames} --connections ${options.connections} ` +
    `--servers ${options.servers}`,
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
    if (isWanted('cases')) details['cases'] = await compareCases(kind);
    if (isWanted('greedy') && kind === 'zk') details['greedy'] = await beGreedyAll(kind);
    if (isWanted('flood')) details['flood'] = await floodAll(kind);
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    checks.fail('the server stays up', `a well-behaved connection was lost: ${error.message}`);
  }
  return conclude('hostile', checks, options.json, { startedAt, seed, options, details });
}

type Part = 'cases' | 'greedy' | 'flood';

/** Whether a part is to be run: all are, unless one is asked for by itself. */
function isWanted(part: Part): boolean {
  if (options.record) return part === 'cases';
  const alone = (['cases', 'greedy', 'flood'] as const).filter((each) => options[`${each}-only`]);
  return alone.length === 0 || alone.includes(part);
}

function beGreedyAll(kind: ServerKind): Promise<Record<string, unknown>> {
  const { servers } = options;
  return servers > 1 ? beGreedyToEnsemble(kind, servers, checks) : beGreedy(checks);
}

function floodAll(kind: ServerKind): Promise<Record<string, unknown>> {
  const { servers } = options;
  return servers > 1
    ? floodEnsemble(kind, servers, { ...options, seed }, checks)
    : flood(kind, { ...options, seed }, checks);
}

async function compareCases(kind: ServerKind): Promise<Record<string, unknown>> {
  const all = allCases();
  const reference = options.record ? new Map<string, Outcome>() : await referenceOutcomes(all);
  const runnable = kind === 'apache' ? all.filter(isSafeForApache) : all;
  const outcomes = options.servers > 1 ? await askFollower(kind, runnable) : await askServer(kind, runnable);
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

async function askServer(kind: ServerKind, cases: readonly Case[]): Promise<Map<string, Outcome>> {
  const server = await launch({ kind });
  const outcomes = await runCases(server.port, cases, kind);
  checks.check('single cases do not end the server', !server.hasExited(), server.output().slice(-500));
  await server.stop();
  return outcomes;
}

async function askFollower(kind: ServerKind, cases: readonly Case[]): Promise<Map<string, Outcome>> {
  const ensemble = await startEnsemble(kind, options.servers);
  try {
    const follower = await followerOf(ensemble);
    const outcomes = await runCases(follower.clientPort, cases, `${kind}, a follower`);
    const areUp = ensemble.members.every((member) => member.isRunning);
    checks.check('single cases end no server', areUp, ensemble.outputs().slice(-2_000));
    return outcomes;
  } finally {
    await ensemble.dispose();
  }
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

function toKind(name: string): ServerKind {
  if (name !== 'zk' && name !== 'apache') process.exit(refuse(`unknown server "${name}": zk or apache`));
  return name;
}

function refuse(message: string): number {
  process.stderr.write(`hostile: ${message}\n`);
  return 2;
}
