// What the repository promises about itself, checked: layers, circles, sizes, leftovers, lists that must agree.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { importCircles } from './import-circles.mjs';

const problems = [];
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const isSource = (file) =>
  /^(packages|apps)\/[^/]+\/(src|test)\/.*\.ts$/.test(file) &&
  !file.includes('/generated/') &&
  !file.includes('/fixtures/');
const isSpec = (file) => file.endsWith('.spec.ts') || /^[^/]+\/[^/]+\/test\//.test(file);

/** Of a source file, tests as well. */
const MAX_LINES = 400;

for (const file of files.filter(isSource)) {
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n').length - 1;
  if (lines > MAX_LINES) problems.push(`${file} has ${lines} lines; ${MAX_LINES} are allowed`);
  text.split('\n').forEach((line, i) => {
    if (line.length > 130) problems.push(`${file}:${i + 1} is ${line.length} characters long`);
    if (/\b(TODO|FIXME|XXX)\b/.test(line)) problems.push(`${file}:${i + 1} has something left to do`);
    if (/@ts-(ignore|expect-error|nocheck)|eslint-disable/.test(line))
      problems.push(`${file}:${i + 1} silences a check`);
    if (isSpec(file) && /\b(it|test|describe)\.(only|skip|todo)\b|\bx(it|describe)\(/.test(line)) {
      problems.push(`${file}:${i + 1} is a test that does not run`);
    }
  });
}

for (const circle of importCircles(files.filter((file) => /^(packages|apps|tools)\/.*\.ts$/.test(file)))) {
  problems.push(`files import each other in a circle: ${[...circle, circle[0]].join(' -> ')}`);
}

const packages = readdirSync('packages').sort();
const readme = readFileSync('README.md', 'utf8');
for (const name of packages) {
  const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'));
  if (manifest.name !== `@zk/${name}`) problems.push(`packages/${name} calls itself ${manifest.name}`);
  if (!manifest.nx?.tags?.some((tag) => tag.startsWith('layer:'))) problems.push(`packages/${name} has no layer`);
  if (!readme.includes(`\`${name}\``)) problems.push(`README.md does not list packages/${name}`);
  if (!existsSync(`packages/${name}/README.md`)) problems.push(`packages/${name} has no README.md`);
  else if (!readFileSync(`packages/${name}/README.md`, 'utf8').includes('```ts')) {
    problems.push(`packages/${name}/README.md has no example`);
  }
  checkDependencies(`packages/${name}`, manifest);
}
for (const name of readdirSync('apps')) {
  checkDependencies(`apps/${name}`, JSON.parse(readFileSync(`apps/${name}/package.json`, 'utf8')));
}

/** Imports, the manifest and the project references must say the same. */
function checkDependencies(folder, manifest) {
  const imported = new Set();
  for (const file of files.filter(
    (name) => name.startsWith(`${folder}/src/`) && name.endsWith('.ts') && !isSpec(name),
  )) {
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(@zk\/[^']+)'/g)) imported.add(name);
  }
  const declared = new Set(Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@zk/')));
  const references = new Set(
    (JSON.parse(readFileSync(`${folder}/tsconfig.json`, 'utf8')).references ?? []).map(
      ({ path }) => `@zk/${path.split('/').pop()}`,
    ),
  );
  for (const name of imported) {
    if (!declared.has(name)) problems.push(`${folder} imports ${name} without declaring it`);
    if (!references.has(name)) problems.push(`${folder}/tsconfig.json has no reference to ${name}`);
  }
  for (const name of declared)
    if (!imported.has(name)) problems.push(`${folder} declares ${name} and does not import it`);
}

const lock = readFileSync('package-lock.json', 'utf8');
if (/"resolved": *"https?:/.test(lock)) problems.push('package-lock.json names a registry host');

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? 'self-check: everything holds' : `self-check: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
