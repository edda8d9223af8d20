// Runs the example of every README: what a newcomer copies must work. Blocks marked ```ts are taken as they are,
// type-checked and run against the built packages.
import { transformSync } from '@swc/core';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const target = path.join('dist', 'readme-examples');
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const examples = [];
for (const name of readdirSync('packages')) collect(`packages/${name}/README.md`, name);
collect('README.md', 'root');
collect('docs/testing.md', 'testing-guide');
collect('docs/recipes.md', 'recipes-guide');
collect('docs/values-and-queues.md', 'values-guide');

function collect(file, name) {
  let count = 0;
  for (const [, code] of readFileSync(file, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
    const base = path.join(target, `${name}-${++count}`);
    writeFileSync(`${base}.mts`, code);
    const { code: script } = transformSync(code, {
      filename: `${base}.mts`,
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true },
      },
      module: { type: 'es6' },
    });
    writeFileSync(`${base}.mjs`, script);
    examples.push({ file, base });
  }
}

writeFileSync(
  path.join(target, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../tsconfig.base.json',
    compilerOptions: { composite: false, declaration: false, noEmit: true, types: ['node'] },
    include: ['*.mts'],
  }),
);
let failed = 0;
try {
  execFileSync('npx', ['tsc', '-p', path.join(target, 'tsconfig.json')], { stdio: 'inherit' });
} catch {
  failed++;
  console.error('the examples do not type-check');
}
for (const { file, base } of examples) {
  const result = spawnSync('node', [`${base}.mjs`], { encoding: 'utf8', timeout: 60_000 });
  if (result.status === 0) continue;
  failed++;
  console.error(`the example of ${file} fails:\n${result.stdout}${result.stderr}`);
}
console.log(`readme-check: ${examples.length} examples, ${failed} failures`);
process.exit(failed === 0 ? 0 : 1);
