// Writes the CommonJS twin of every package next to its ES modules: packages/*/dist/cjs. Types are shared.
import { transformSync } from '@swc/core';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const options = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true },
  },
  module: { type: 'commonjs' },
  sourceMaps: false,
};

for (const name of readdirSync('packages')) {
  const target = path.join('packages', name, 'dist', 'cjs');
  rmSync(target, { recursive: true, force: true });
  translate(path.join('packages', name, 'src'), target);
  writeFileSync(path.join(target, 'package.json'), '{ "type": "commonjs" }\n');
}

function translate(source, target) {
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = path.join(source, entry.name);
    if (entry.isDirectory()) translate(from, path.join(target, entry.name));
    else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts')) {
      const { code } = transformSync(readFileSync(from, 'utf8'), { ...options, filename: from });
      writeFileSync(path.join(target, entry.name.replace(/\.ts$/, '.js')), code);
    }
  }
}
