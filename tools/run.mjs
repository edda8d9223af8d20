#!/usr/bin/env node
// The one entry behind every npm script. It installs and builds what is missing, and nothing twice, then runs the
// command. Plain JavaScript without dependencies, since it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
process.env.NX_DAEMON = 'false';
process.env.NX_NO_CLOUD = 'true';

const [asked = 'help', ...args] = process.argv.slice(2);
const command = asked === '--help' ? 'help' : asked;
const stamps = path.join(root, 'dist', 'stamps');

const commands = {
  start,
  build: () => build(true),
  compile,
  test,
  lint,
  jest,
  'self-check': () => exec('node', ['tools/self-check.mjs']),
  interop: () => tool('interop'),
  bench,
  'bench-ensemble': () => tool('bench-ensemble'),
  crash: () => tool('crash'),
  hostile: () => tool('hostile'),
  churn: () => tool('churn'),
  ensemble: () => tool('ensemble'),
  simulate: () => tool('simulate'),
  'bench-client': () => tool('bench-client'),
  contention: () => tool('contention'),
  nemesis: () => tool('nemesis'),
  guards: () => tool('guards'),
  'pack-check': () => tool('pack'),
  help,
};

/** Of those whose arguments are another program's, or nobody's; the other commands explain themselves. */
const usages = {
  build: 'npm run build: installs what is missing, and compiles what has changed',
  test: 'npm test [-- PACKAGE …]: every test that needs nothing but Node, or those of some packages (data-tree, app-server)',
  lint: 'npm run lint: types, layers, format, and the checks of the repository itself',
};

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node.js 20 or newer is needed; this is ${process.version}.`);
}
if (args.includes('--help') && command in usages) console.log(usages[command]);
else (commands[command] ?? (() => fail(`unknown command "${command}"`)))();

function help() {
  console.log(`usage: node tools/run.mjs <${Object.keys(commands).join('|')}> [arguments]`);
}

function start() {
  install();
  build(false);
  const given = args.some((arg) => arg.startsWith('--data-dir'));
  replaceBy('node', [
    'apps/server/bin/zk-server.cjs',
    'start-foreground',
    '--address',
    '127.0.0.1',
    '--port',
    '2181',
    ...(given ? [] : ['--data-dir', 'data/standalone']),
    ...args,
  ]);
}

/** Installs when there is no installation, or when the lock file has changed since. */
function install() {
  const lock = hashOf(['package-lock.json']);
  if (existsSync('node_modules/.bin/tsc') && readStamp('install') === lock) return;
  console.error('Installing dependencies…');
  exec('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeStamp('install', lock);
}

/** Builds when a source has changed since the last build. */
function build(isAsked) {
  install();
  const sources = hashOf(listSources());
  if (readStamp('build') === sources && existsSync('apps/server/dist/main.js')) {
    if (isAsked) console.error('Everything is built already.');
    return;
  }
  console.error('Building…');
  exec('npx', ['nx', 'run', 'zk:compile', '--outputStyle=stream-without-prefixes']);
  writeStamp('build', sources);
}

/** What the cached nx target runs: types and ES modules by tsc, CommonJS twins by swc. */
function compile() {
  exec('npx', ['tsc', '-b']);
  exec('node', ['tools/build-cjs.mjs']);
}

function test() {
  build(false);
  const projects = args.length > 0 ? ['--projects', args.join(',')] : [];
  exec('npx', ['nx', 'run-many', '-t', 'test', '--outputStyle=stream', '--parallel=2', ...projects]);
  if (args.length > 0) return;
  for (const name of ['ensemble', 'bench-ensemble', 'hostile', 'lib', 'nemesis'])
    exec('node', ['tools/run.mjs', 'jest', `tools/${name}`]);
  exec('node', ['tools/self-check.mjs']);
  exec('node', ['tools/readme-check.mjs']);
}

function jest() {
  const [project, ...rest] = args;
  if (project === undefined) fail('usage: node tools/run.mjs jest <project folder> [jest arguments]');
  const name = project.replace(/\//g, '-');
  mkdirSync('dist/test-results', { recursive: true });
  process.env.ZK_TEST_ROOT = project;
  exec('npx', ['jest', '--passWithNoTests', '--json', `--outputFile=dist/test-results/${name}.json`, ...rest], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function lint() {
  build(false);
  // The rule about layers reads the graph of projects, which nx computes.
  exec('npx', ['nx', 'graph', '--file=dist/project-graph.json'], { stdio: ['ignore', 'ignore', 'inherit'] });
  exec('npx', ['eslint', '--max-warnings=0', 'packages', 'apps', 'tools']);
  exec('npx', ['tsc', '-p', 'tsconfig.tests.json']);
  exec('npx', ['tsc', '-p', 'tools/tsconfig.json']);
  exec('npx', ['prettier', '--check', '--log-level=warn', 'packages', 'apps', 'tools', 'docs', '*.md', '*.json']);
  exec('node', ['tools/self-check.mjs']);
}

/** `--ensemble` is for whoever looks for everything that is measured behind one command. */
function bench() {
  const at = args.indexOf('--ensemble');
  if (at >= 0) args.splice(at, 1);
  tool(at >= 0 ? 'bench-ensemble' : 'bench');
}

function tool(name) {
  build(false);
  // Without npx in between, which would keep signals to itself.
  replaceBy('node', ['node_modules/tsx/dist/cli.mjs', `tools/${name}/main.ts`, ...args]);
}

/** Runs a program that stays: signals sent to this process are passed on, and its end is this process's end. */
function replaceBy(program, programArgs) {
  const child = spawn(program, programArgs, { stdio: 'inherit' });
  // A terminal sends its interrupt to the whole group, so the child has it already.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${program}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
}

function exec(program, programArgs, options = {}) {
  const result = spawnSync(program, programArgs, { stdio: 'inherit', ...options });
  if (result.error) fail(`${program}: ${result.error.message}`);
  if (result.signal) process.exit(1);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function listSources() {
  const files = ['tsconfig.base.json', 'tsconfig.json', 'tools/build-cjs.mjs'];
  for (const kind of ['packages', 'apps']) {
    for (const name of readdirSync(kind)) walk(path.join(kind, name, 'src'), files);
  }
  return files;
}

function walk(folder, files) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) walk(full, files);
    else if (!entry.name.endsWith('.spec.ts')) files.push(full);
  }
}

/** Of names, sizes and times, not contents: quick, and good enough to know that nothing was touched. */
function hashOf(files) {
  const hash = createHash('sha1');
  for (const file of files.sort()) {
    const stat = statSync(file);
    hash.update(`${file}\0${stat.size}\0${stat.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function readStamp(name) {
  const file = path.join(stamps, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function writeStamp(name, text) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(path.join(stamps, name), text);
}
