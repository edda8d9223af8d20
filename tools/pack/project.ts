/** An empty project that installs the packed packages as anybody would, and what is tried in it. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Outcome, mustRun, run } from './commands.js';

const RUN_TIMEOUT_MS = 60_000;
const require = createRequire(import.meta.url);
const consumers = path.join(import.meta.dirname, 'consumer');
const tsc = require.resolve('typescript/bin/tsc');

/** Versions of this workspace, so that the project compiles with what the workspace was tested with. */
function versionHere(name: string): string {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  return devDependencies[name] ?? '*';
}

/** What a project needs besides to be compiled. */
export function developmentTypes(): Readonly<Record<string, string>> {
  return { '@types/node': versionHere('@types/node') };
}

/** @param tarballs by package name */
export async function install(
  project: string,
  tarballs: ReadonlyMap<string, string>,
  devDependencies: Readonly<Record<string, string>>,
): Promise<void> {
  mkdirSync(project, { recursive: true });
  const dependencies = Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`]));
  writeJson(path.join(project, 'package.json'), { name: 'consumer', private: true, dependencies, devDependencies });
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error'];
  await mustRun('npm', args, { cwd: project, timeoutMs: 300_000 });
}

export function runModule(project: string, name: string): Promise<Outcome> {
  copyFileSync(path.join(consumers, name), path.join(project, name));
  return run('node', [name], { cwd: project, timeoutMs: RUN_TIMEOUT_MS });
}

/** Loads every package, in both ways; what it exports must be the same. */
export function loadAll(project: string, names: readonly string[]): Promise<Outcome> {
  const script = `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    for (const name of ${JSON.stringify(names)}) {
      const [esm, cjs] = [Object.keys(await import(name)), Object.keys(require(name))];
      const missing = esm.filter((key) => !cjs.includes(key) && key !== 'default' && key !== 'module.exports');
      if (missing.length > 0) throw new Error(name + ' has no ' + missing.join(', ') + ' for require');
      if (esm.length === 0) throw new Error(name + ' exports nothing');
    }`;
  writeFileSync(path.join(project, 'load-all.mjs'), script);
  return run('node', ['load-all.mjs'], { cwd: project, timeoutMs: RUN_TIMEOUT_MS });
}

/** A way to compile TypeScript, and how to run what comes out. */
export interface TypeScriptProject {
  readonly name: string;
  readonly file: string;
  readonly compilerOptions: Readonly<Record<string, unknown>>;
  /** In the folder of consumers; default `typed.ts`. */
  readonly source?: string;
  /** What runs: the compiled file, or a bundle of it. */
  readonly runs: 'compiled' | 'bundled' | 'nothing';
}

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
  target: 'es2022',
  types: ['node'],
  outDir: 'out',
};

export const typeScriptProjects: readonly TypeScriptProject[] = [
  { name: 'nodenext, ES module', file: 'typed.mts', compilerOptions: { module: 'nodenext' }, runs: 'compiled' },
  { name: 'nodenext, CommonJS', file: 'typed.cts', compilerOptions: { module: 'nodenext' }, runs: 'compiled' },
  { name: 'node16, CommonJS', file: 'typed.cts', compilerOptions: { module: 'node16' }, runs: 'compiled' },
  {
    name: 'bundler',
    file: 'typed.ts',
    compilerOptions: { module: 'esnext', moduleResolution: 'bundler' },
    runs: 'bundled',
  },
  {
    name: 'bundler, for a page',
    source: 'typed-page.mts',
    file: 'page.ts',
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      customConditions: ['browser'],
      lib: ['es2022', 'dom', 'esnext.disposable'],
      types: [],
    },
    runs: 'nothing',
  },
];

export async function compileAndRun(project: string, typeScript: TypeScriptProject): Promise<Outcome> {
  const { file, compilerOptions, runs } = typeScript;
  const folder = path.join(project, `ts-${typeScript.name.replace(/\W+/g, '-')}`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(consumers, typeScript.source ?? 'typed.ts'), path.join(folder, file));
  writeJson(path.join(folder, 'tsconfig.json'), { compilerOptions: { ...strict, ...compilerOptions }, files: [file] });
  const compiled = await run('node', [tsc, '-p', '.'], { cwd: folder, timeoutMs: 120_000 });
  if (!compiled.isFine || runs === 'nothing') return compiled;
  const output = path.join('out', file.replace(/ts$/, 'js'));
  if (runs === 'compiled') return run('node', [output], { cwd: folder, timeoutMs: RUN_TIMEOUT_MS });
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: folder,
    entryPoints: [output],
    outfile: path.join(folder, 'bundle.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  return run('node', ['bundle.cjs'], { cwd: folder, timeoutMs: RUN_TIMEOUT_MS });
}

export function runProgram(project: string, name: string, args: readonly string[]): Promise<Outcome> {
  return run(path.join('node_modules', '.bin', name), args, { cwd: project, timeoutMs: RUN_TIMEOUT_MS });
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
