/** `npm run guards`: takes the guards out, one at a time, and shows that a test fails. See README.md. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { clientGuards, type Guard } from '../../packages/client/test/guards.js';
import { repositoryRoot } from '../lib/launch.js';
import { optionalText, parseOptions } from '../lib/options.js';
import { Checks, note } from '../lib/report.js';
import { recipeGuards } from './recipes.js';
import { valueGuards } from './values.js';

const options = parseOptions(
  'guards',
  'Takes the guards against known failures out, one at a time: a test must fail.',
  {
    only: optionalText('text', 'guards whose failure or test contains this'),
  },
);

/** Only without its guard a test may hang: with it, whatever the machine does, it has the time that it takes. */
const TIMEOUT_WITH_MS = 60_000;
const TIMEOUT_WITHOUT_MS = 10_000;
const guardsOf: Readonly<Record<string, readonly Guard[]>> = {
  client: clientGuards,
  recipes: [...recipeGuards, ...valueGuards],
};

process.exit(main());

function main(): number {
  const checks = new Checks('npm run guards');
  for (const [name, guards] of Object.entries(guardsOf)) judgeAll(name, guards, checks);
  process.stdout.write(
    `guards that are needed, and missed when they are gone: ${checks.passed} passed, ${checks.failed} failed\n`,
  );
  return checks.failed === 0 ? 0 : 1;
}

function judgeAll(name: string, all: readonly Guard[], checks: Checks): void {
  const { only } = options;
  const guards = all.filter(({ failure, test }) => only === undefined || `${failure} ${test}`.includes(only));
  if (guards.length === 0) return;
  const source = path.join(repositoryRoot, 'packages', name);
  mkdirSync(path.join(repositoryRoot, 'data'), { recursive: true });
  // A copy, so that a run that is interrupted leaves the source as it was.
  const copy = mkdtempSync(path.join(repositoryRoot, 'data', 'guards-'));
  try {
    for (const part of ['src', 'test']) cpSync(path.join(source, part), path.join(copy, part), { recursive: true });
    for (const guard of guards) judge(copy, guard, checks);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function judge(copy: string, guard: Guard, checks: Checks): void {
  const file = path.join(copy, guard.file);
  const whole = readFileSync(file, 'utf8');
  if (whole.split(guard.find).length !== 2) {
    checks.fail(guard.failure, `"${guard.find}" does not occur once in ${guard.file}`);
    return;
  }
  const isGreenWith = run(copy, guard, TIMEOUT_WITH_MS);
  writeFileSync(
    file,
    whole.replace(guard.find, () => guard.replace),
  );
  const isGreenWithout = run(copy, guard, TIMEOUT_WITHOUT_MS);
  writeFileSync(file, whole);
  const detail = `${guard.file}: "${guard.test}" ${isGreenWith ? 'passes' : 'FAILS'} with the guard, ${isGreenWithout ? 'PASSES' : 'fails'} without`;
  if (checks.check(guard.failure, isGreenWith && !isGreenWithout, detail))
    note(`needed  ${guard.failure}\n        ${detail}`);
}

/** Whether the tests of that name pass; there has to be one. */
function run(copy: string, guard: Guard, timeoutMs: number): boolean {
  const output = path.join(copy, 'result.json');
  rmSync(output, { force: true });
  const result = spawnSync(
    'npx',
    [
      'jest',
      '-i',
      '--forceExit',
      `--testTimeout=${timeoutMs}`,
      '--json',
      `--outputFile=${output}`,
      '-t',
      guard.test,
      guard.spec,
    ],
    {
      cwd: repositoryRoot,
      env: { ...process.env, ZK_TEST_ROOT: copy },
      stdio: 'ignore',
      timeout: 10 * timeoutMs,
    },
  );
  if (result.status !== 0) return false;
  const { numPassedTests } = JSON.parse(readFileSync(output, 'utf8')) as { readonly numPassedTests: number };
  return numPassedTests > 0;
}
