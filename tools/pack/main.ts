/** `npm run pack-check`: what would be published works for those who install it. See README.md. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { flag, optionalText, parseOptions, text } from '../lib/options.js';
import { Checks, note, writeJson } from '../lib/report.js';
import { type Bundle, PageServer, bundlePage, findBrowser, installBrowser } from './browser.js';
import { type Outcome, mustRun } from './commands.js';
import { problemsOf } from './inspect.js';
import {
  compileAndRun,
  developmentTypes,
  install,
  loadAll,
  runModule,
  runProgram,
  typeScriptProjects,
} from './project.js';
import { dependenciesOf, publishablePackages, stage } from './stage.js';

const options = parseOptions('pack-check', 'Packs every package and tries the tarballs in an empty project.', {
  out: text(path.join('dist', 'tarballs'), 'folder', 'where the tarballs go'),
  into: optionalText('folder', 'installs zk-server and zk-cli there, and tries nothing'),
  'no-browser': flag('leaves out the page in a headless Chromium'),
  'no-install': flag('does not install a Chromium where there is none (Debian, root)'),
  keep: flag('keeps the project it tried them in'),
  json: text('', 'file', 'write all results there (- for stdout)'),
});

const checks = new Checks('npm run pack-check');
process.exit(await main());

async function main(): Promise<number> {
  const out = path.resolve(options.out);
  const tarballs = await packAll(out);
  if (options.into !== undefined)
    return checks.failed === 0 ? installPrograms(path.resolve(options.into), tarballs) : 1;
  const project = mkdtempSync(path.join(tmpdir(), 'zk-consumer-'));
  try {
    await install(project, tarballs, developmentTypes());
    note(`installed ${tarballs.size} tarballs in an empty project`);
    await tryInNode(project, [...tarballs.keys()]);
    if (!options['no-browser']) await tryInBrowser(project);
  } finally {
    if (options.keep) note(`kept ${project}`);
    else rmSync(project, { recursive: true, force: true });
  }
  if (options.json !== '') writeJson(options.json, checks.results);
  note(`pack-check: ${checks.passed} passed, ${checks.failed} failed`);
  return checks.failed === 0 ? 0 : 1;
}

async function installPrograms(folder: string, tarballs: ReadonlyMap<string, string>): Promise<number> {
  await install(folder, dependenciesOf(['@zk/app-server', '@zk/app-client'], tarballs), {});
  note(`pack-check: zk-server and zk-cli are in ${path.join(folder, 'node_modules', '.bin')}`);
  return 0;
}

async function packAll(out: string): Promise<Map<string, string>> {
  const tarballs = new Map<string, string>();
  const staging = path.join(path.dirname(out), 'staging');
  rmSync(out, { recursive: true, force: true });
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const source of publishablePackages()) {
    const folder = path.join(staging, source.manifest.name.replace('/', '-'));
    stage(source, folder);
    const problems = problemsOf(folder);
    check(`${source.manifest.name} is fit to be published`, {
      isFine: problems.length === 0,
      output: problems.join('\n'),
    });
    const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', out];
    const [packed] = packedFrom(await mustRun('npm', args, { cwd: folder, timeoutMs: 60_000 }));
    tarballs.set(source.manifest.name, path.join(out, packed!.filename));
  }
  const sizeBytes = [...tarballs.values()].reduce((sum, file) => sum + statSync(file).size, 0);
  note(`packed ${tarballs.size} packages, ${Math.round(sizeBytes / 1024)} KiB in all, in ${path.relative('.', out)}`);
  return tarballs;
}

/** The form has changed with versions of npm. */
function packedFrom(output: string): readonly { readonly filename: string }[] {
  const parsed: unknown = JSON.parse(output);
  return (Array.isArray(parsed) ? parsed : Object.values(parsed as object)) as { filename: string }[];
}

async function tryInNode(project: string, names: readonly string[]): Promise<void> {
  const libraries = names.filter((name) => !name.startsWith('@zk/app-'));
  check('every package loads by import and by require', await loadAll(project, libraries));
  check('an ES module connects, creates, gets, locks', await runModule(project, 'esm.mjs'));
  check('a CommonJS module does', await runModule(project, 'cjs.cjs'));
  check('node:test runs a test with a server, a client and virtual time', await runModule(project, 'node-test.mjs'));
  for (const typeScript of typeScriptProjects) {
    check(`strict TypeScript does (${typeScript.name})`, await compileAndRun(project, typeScript));
  }
  for (const program of ['zk-server', 'zk-cli']) {
    check(`${program} --help`, await runProgram(project, program, ['--help']));
  }
}

async function tryInBrowser(project: string): Promise<void> {
  let bundle: Bundle;
  try {
    bundle = await bundlePage(project);
  } catch (error) {
    checks.fail('the client bundles for a browser', error instanceof Error ? error.message : String(error));
    return;
  }
  const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;
  checks.pass('the client bundles for a browser', `${kib(bundle.sizeBytes)}, minified ${kib(bundle.minifiedBytes)}`);
  if (findBrowser() === undefined && !options['no-install']) installBrowser();
  const browser = findBrowser();
  if (browser === undefined) {
    checks.fail('a page talks to our server', 'no Chromium here: install one, or set CHROME_PATH, or say --no-browser');
    return;
  }
  let servers = '';
  const query = (isAllowed: boolean) => (): string => JSON.stringify({ servers, path: '/zk', isAllowed });
  const page = await PageServer.start(bundle.file, query(true));
  const stranger = await PageServer.start(bundle.file, query(false));
  copyFileSync(path.join(import.meta.dirname, 'consumer', 'websocket-server.mjs'), path.join(project, 'server.mjs'));
  const server = spawn('node', ['server.mjs', page.origin], { cwd: project, stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface(server.stdout)) {
      servers = line;
      break;
    }
    checkPage('a page talks to our server over WebSocket', await page.visit(browser));
    checkPage('a page of a foreign origin is refused', await stranger.visit(browser));
  } finally {
    server.kill();
    await Promise.all([page.stop(), stranger.stop()]);
  }
}

function checkPage(name: string, { isFine, text }: { readonly isFine: boolean; readonly text: string }): void {
  check(name, { isFine, output: text });
  if (isFine) note(`    ${text}`);
}

function check(name: string, { isFine, output }: Pick<Outcome, 'isFine' | 'output'>): void {
  if (isFine) checks.pass(name);
  else checks.fail(name, output);
  if (isFine) note(`  ok ${name}`);
}
