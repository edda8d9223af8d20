/**
 * What is published of a package: compiled files without maps (their sources are not in the package), declarations for
 * both module systems, the licence, and a manifest without what only this repository needs.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly main?: string;
  readonly types?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Conditions>>;
  readonly files?: readonly string[];
  readonly sideEffects?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: unknown;
  readonly nx?: { readonly tags?: readonly string[] };
}

export interface Conditions {
  readonly [condition: string]: string | Conditions;
}

export interface SourcePackage {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** What only our own tests use. */
const TEST_LAYERS = ['layer:testing', 'layer:simulator'];

/** Everything but what only our own tests use. */
export function publishablePackages(): SourcePackage[] {
  return ['packages', 'apps']
    .flatMap((parent) => readdirSync(parent).map((name) => path.join(parent, name)))
    .filter((folder) => existsSync(path.join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readManifest(folder) }))
    .filter(
      ({ manifest }) => manifest.private !== true && !manifest.nx?.tags?.some((tag) => TEST_LAYERS.includes(tag)),
    );
}

/** Of the tarballs, by package name, those which the named packages need, and theirs. */
export function dependenciesOf(names: readonly string[], tarballs: ReadonlyMap<string, string>): Map<string, string> {
  const manifests = new Map(publishablePackages().map(({ manifest }) => [manifest.name, manifest]));
  const needed = new Map<string, string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const tarball = tarballs.get(name);
    if (tarball === undefined || needed.has(name)) continue;
    needed.set(name, tarball);
    open.push(...Object.keys(manifests.get(name)?.dependencies ?? {}));
  }
  return needed;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Fills `target` with what `npm pack` is to pack. */
export function stage({ folder, manifest }: SourcePackage, target: string): void {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  copyCompiled(path.join(folder, 'dist'), path.join(target, 'dist'));
  const cjs = path.join(target, 'dist', 'cjs');
  if (existsSync(cjs)) copyDeclarations(path.join(target, 'dist'), cjs);
  for (const name of ['bin', 'conf', 'README.md']) {
    if (existsSync(path.join(folder, name)))
      cpSync(path.join(folder, name), path.join(target, name), { recursive: true });
  }
  copyFileSync('LICENSE', path.join(target, 'LICENSE'));
  writeFileSync(path.join(target, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
}

function publishedManifest(manifest: Manifest): Manifest {
  const { exports } = manifest;
  const kept = Object.fromEntries(
    Object.entries(manifest).filter(([key]) => key !== 'nx' && key !== 'exports' && key !== 'types'),
  ) as unknown as Manifest;
  const files = ['dist', ...(manifest.bin === undefined ? [] : ['bin', 'conf'])];
  if (exports === undefined) return { ...kept, files };
  const published = Object.entries(exports).map(([subpath, target]) => [subpath, bothSystems(target)] as const);
  return { ...kept, types: './dist/cjs/index.d.ts', files, exports: Object.fromEntries(published) };
}

/** Declarations say by the folder they are in whether they describe an ES module, so each system has its own. */
function bothSystems(target: string | Conditions): string | Conditions {
  if (typeof target === 'string') return target;
  const { import: esm, require: cjs, browser } = target;
  return {
    ...(typeof browser === 'string' ? { browser: withTypes(browser) } : {}),
    ...(typeof esm === 'string' ? { import: withTypes(esm) } : {}),
    ...(typeof cjs === 'string' ? { require: withTypes(cjs) } : {}),
  };
}

function withTypes(file: string): Conditions {
  return { types: file.replace(/\.js$/, '.d.ts'), default: file };
}

function copyCompiled(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) copyCompiled(source, target);
    else if (entry.name.endsWith('.js')) writeFileSync(target, withoutMap(readFileSync(source, 'utf8')));
    else if (!/\.(map|tsbuildinfo)$/.test(entry.name)) copyFileSync(source, target);
  }
}

function withoutMap(code: string): string {
  return code.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');
}

function copyDeclarations(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (source === to) continue;
    if (entry.isDirectory()) {
      mkdirSync(target, { recursive: true });
      copyDeclarations(source, target);
    } else if (entry.name.endsWith('.d.ts')) {
      copyFileSync(source, target);
    }
  }
}
