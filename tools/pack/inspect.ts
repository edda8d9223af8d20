/** What is wrong with a package as it would be published. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { type Conditions, type Manifest, readManifest } from './stage.js';

const NEEDED = ['name', 'version', 'description', 'license', 'type', 'engines', 'files'] as const;
/** What points at a place, runs at installation, or is of no use to others. */
const UNWANTED = ['repository', 'homepage', 'bugs', 'publishConfig', 'scripts', 'devDependencies', 'workspaces', 'nx'];
/** Hosts of registries and forges: where a package comes from is nobody's business but the registry's. */
const HOST =
  /\b(?:registry|npm|artifactory|nexus|verdaccio|proxy)[\w-]*\.[\w-]+\.(?:com|org|net|io|dev|local|internal|example)\b/i;

export function problemsOf(folder: string): string[] {
  const manifest = readManifest(folder);
  const files = filesOf(folder);
  return [
    ...manifestProblems(manifest),
    ...exportProblems(folder, manifest),
    ...files.flatMap((file) => fileProblems(folder, file)),
    ...importProblems(folder, manifest, files),
  ].map((problem) => `${manifest.name}: ${problem}`);
}

export function filesOf(folder: string, below = ''): string[] {
  return readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(below, entry.name);
    return entry.isDirectory() ? filesOf(folder, name) : [name];
  });
}

function manifestProblems(manifest: Manifest): string[] {
  const problems = NEEDED.filter((key) => manifest[key] === undefined).map((key) => `the manifest has no ${key}`);
  for (const key of UNWANTED) if (key in manifest) problems.push(`the manifest has ${key}`);
  if (manifest.license !== 'Apache-2.0') problems.push(`the licence is ${manifest.license}`);
  if (manifest.bin === undefined && manifest.sideEffects !== false)
    problems.push('the manifest does not say sideEffects: false');
  return problems;
}

function exportProblems(folder: string, manifest: Manifest): string[] {
  if (manifest.bin !== undefined) {
    return Object.values(manifest.bin)
      .filter((file) => !existsSync(path.join(folder, file)))
      .map((file) => `${file} is not in the package`);
  }
  const problems = Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
    targetProblems(folder, subpath, target),
  );
  const main = manifest.exports?.['.'];
  for (const condition of ['import', 'require']) {
    if (typeof main !== 'object' || main[condition] === undefined) problems.push(`exports has nothing to ${condition}`);
  }
  for (const file of [manifest.main, manifest.types]) {
    if (file === undefined || !existsSync(path.join(folder, file))) problems.push(`${file} is not in the package`);
  }
  return problems;
}

function targetProblems(folder: string, where: string, target: string | Conditions): string[] {
  if (typeof target === 'string') {
    return existsSync(path.join(folder, target))
      ? []
      : [`exports ${where} leads to ${target}, which is not in the package`];
  }
  const conditions = Object.keys(target);
  const problems = Object.entries(target).flatMap(([name, next]) => targetProblems(folder, `${where} ${name}`, next));
  if (conditions.includes('types') && conditions[0] !== 'types')
    problems.push(`exports ${where} does not name types first`);
  if (conditions.includes('default') && conditions.at(-1) !== 'default')
    problems.push(`exports ${where} has more behind default`);
  return problems;
}

function fileProblems(folder: string, file: string): string[] {
  const problems: string[] = [];
  if (/\.(spec\.|map$|tsbuildinfo$)|^(src|test)\//.test(file)) problems.push(`${file} does not belong there`);
  const text = readFileSync(path.join(folder, file), 'utf8');
  if (text.includes(process.cwd())) problems.push(`${file} names a folder of this machine`);
  if (HOST.test(text)) problems.push(`${file} names a host: ${HOST.exec(text)?.[0] ?? ''}`);
  return problems;
}

/** Every import is declared, and everything declared is imported. */
function importProblems(folder: string, manifest: Manifest, files: readonly string[]): string[] {
  const imported = new Set<string>();
  for (const file of files.filter((name) => /^(dist|bin)\/.*\.(js|cjs|d\.ts)$/.test(name))) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (!fileName.startsWith('.')) imported.add(packageOf(fileName));
    }
  }
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  const problems: string[] = [];
  for (const name of imported) {
    const isBuiltin = name.startsWith('node:') || builtinModules.includes(name);
    if (!isBuiltin && name !== manifest.name && !(name in declared))
      problems.push(`it imports ${name} without declaring it`);
  }
  for (const name of Object.keys(declared)) {
    if (!imported.has(name)) problems.push(`it declares ${name} and does not import it`);
  }
  return problems;
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  const [scope, name] = specifier.split('/');
  return scope!.startsWith('@') ? `${scope}/${name}` : scope!;
}
