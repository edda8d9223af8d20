/**
 * Installs the real peers into `.interop/` at the root of the repository. Every installer is idempotent: its result
 * sits in a folder named after a hash of its inputs (a pom, a requirements file, a source) and counts only once it is
 * marked complete, so that a second call costs a few file reads; a lock file lets two processes call it at once.
 *
 * As a command, `npx tsx tools/interop/install.ts apache` prints the folder with the jars of Apache ZooKeeper.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { hasProgram, run, tail } from './process.ts';
import type { RunOptions } from './process.ts';

export const INTEROP_DIR = dirname(fileURLToPath(import.meta.url));
export const REPO_ROOT = resolve(INTEROP_DIR, '../..');
export const CACHE_DIR = join(REPO_ROOT, '.interop');

const INSTALL_TIMEOUT_MS = 540_000;

/** A peer that cannot run here: what is absent, and how a person gets it. */
export class MissingPeerError extends Error {
  constructor(
    readonly what: string,
    readonly howToGet: string,
  ) {
    super(`${what} is missing. ${howToGet}`);
    this.name = 'MissingPeerError';
  }
}

/** The classpath of one Java peer. */
export interface JavaHome {
  /** The folder that holds the jars. */
  readonly libDir: string;
  /** A value for `java -cp`: configuration folder, compiled classes (if any) and jars. */
  readonly classpath: string;
}

/** Apache ZooKeeper 3.9 (server, shell and client) with the libraries it loads, from Maven Central. */
export async function installApache(): Promise<JavaHome> {
  const libDir = await installJars('apache', join(INTEROP_DIR, 'java/pom.xml'));
  return { libDir, classpath: `${join(INTEROP_DIR, 'java')}:${libDir}/*` };
}

/** Apache ZooKeeper 3.8, as a server for ensembles of several versions. */
export async function installApache38(): Promise<JavaHome> {
  const libDir = await installJars('apache38', join(INTEROP_DIR, 'java38/pom.xml'));
  return { libDir, classpath: `${join(INTEROP_DIR, 'java')}:${libDir}/*` };
}

/** Apache Curator and its ZooKeeper client. */
export async function installCurator(): Promise<JavaHome> {
  const libDir = await installJars('curator', join(INTEROP_DIR, 'curator/pom.xml'));
  return { libDir, classpath: `${join(INTEROP_DIR, 'java')}:${libDir}/*` };
}

/** Compiles Java sources against a peer's jars; returns that peer's home with the classes in front. */
export async function compileJava(home: JavaHome, sources: readonly string[]): Promise<JavaHome> {
  needProgram('javac', 'A Java 17 development kit', 'On Debian: apt-get install -y openjdk-17-jdk-headless');
  const classes = await cached('classes', [home.libDir], sources, async (folder) => {
    await must('javac', ['-encoding', 'UTF-8', '-nowarn', '-cp', home.classpath, '-d', folder, ...sources]);
  });
  return { libDir: home.libDir, classpath: `${classes}:${home.classpath}` };
}

/** The jars that a pom names, and those that these need; `name` begins the folder's name. */
export async function installJars(name: string, pom: string): Promise<string> {
  needProgram('java', 'A Java 17 runtime', 'On Debian: apt-get install -y openjdk-17-jdk-headless', '-version');
  return cached(name, [], [pom], async (folder) => {
    needProgram('mvn', 'Maven', 'On Debian: apt-get install -y maven');
    const args = ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
    await must('mvn', [...args, '-DincludeScope=runtime']);
  });
}

/** kazoo in a virtual environment of its own. */
export async function installKazoo(): Promise<{ readonly python: string }> {
  needProgram('python3', 'Python 3.9 or later', 'On Debian: apt-get install -y python3 python3-venv');
  const requirements = join(INTEROP_DIR, 'kazoo/requirements.txt');
  const venv = await cached('kazoo', [], [requirements], async (folder) => {
    await must('python3', ['-m', 'venv', '--copies', folder]);
    await must(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  });
  return { python: join(venv, 'bin/python') };
}

/** The Go program, built with the module versions of its go.sum. */
export async function installGo(): Promise<{ readonly program: string }> {
  needProgram('go', 'Go 1.21 or later', 'On Debian: apt-get install -y golang-go', 'version');
  const source = join(INTEROP_DIR, 'go');
  const inputs = ['go.mod', 'go.sum', 'main.go', 'checks.go'].map((file) => join(source, file));
  const folder = await cached('go', [], inputs, async (target) => {
    await must('go', ['build', '-o', join(target, 'peer'), '.'], { cwd: source });
  });
  return { program: join(folder, 'peer') };
}

/** The C program against the multi-threaded client library that Debian packages. */
export async function installC(): Promise<{ readonly program: string }> {
  if (!existsSync('/usr/include/zookeeper/zookeeper.h')) {
    const how = 'As root on Debian: apt-get update && apt-get install -y gcc libc6-dev libzookeeper-mt-dev';
    if (process.getuid?.() !== 0 || !hasProgram('apt-get')) throw new MissingPeerError('libzookeeper-mt-dev', how);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await must('apt-get', ['update', '-qq'], { env });
    await must('apt-get', ['install', '-y', '-qq', 'libzookeeper-mt-dev'], { env });
  }
  needProgram('cc', 'A C compiler', 'On Debian: apt-get install -y gcc libc6-dev');
  const source = join(INTEROP_DIR, 'c/peer.c');
  const folder = await cached('c', [], [source], async (target) => {
    const flags = ['-std=gnu11', '-O1', '-Wall', '-DTHREADED', '-I/usr/include/zookeeper'];
    await must('cc', [...flags, '-o', join(target, 'peer'), source, '-lzookeeper_mt', '-lpthread']);
  });
  return { program: join(folder, 'peer') };
}

/** node-zookeeper-client, outside the workspace so that the product does not depend on it. */
export async function installNode(): Promise<{ readonly modules: string }> {
  const manifest = join(INTEROP_DIR, 'node/package.json');
  const folder = await cached('node', [], [manifest], async (target) => {
    const wanted = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies: Record<string, string> };
    const names = Object.entries(wanted.dependencies).map(([name, version]) => `${name}@${version}`);
    await must('npm', ['install', '--prefix', target, '--no-save', '--no-audit', '--no-fund', ...names]);
  });
  return { modules: join(folder, 'node_modules') };
}

/**
 * A folder `.interop/NAME-HASH`, where the hash covers the tags and the contents of the input files; `fill` is called
 * with an empty folder when it does not exist yet.
 */
export async function cached(
  name: string,
  tags: readonly string[],
  inputs: readonly string[],
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const tag of tags) hash.update(tag);
  for (const input of inputs) hash.update(readFileSync(input));
  const folder = join(CACHE_DIR, `${name}-${hash.digest('hex').slice(0, 12)}`);
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return folder;
  mkdirSync(CACHE_DIR, { recursive: true });
  // A virtual environment holds its own path, so the folder is filled in place under a lock rather than renamed.
  const lock = `${folder}.lock`;
  await takeLock(lock, complete);
  try {
    if (existsSync(complete)) return folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await fill(folder);
    mkdirSync(complete);
    return folder;
  } finally {
    rmSync(lock, { force: true });
  }
}

async function takeLock(lock: string, complete: string): Promise<void> {
  const deadline = Date.now() + INSTALL_TIMEOUT_MS;
  while (!existsSync(complete)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (!isHolderAlive(lock)) rmSync(lock, { force: true });
      if (Date.now() > deadline) throw new Error(`another installation holds ${lock}`, { cause: error });
      await new Promise((wake) => setTimeout(wake, 200));
    }
  }
}

function isHolderAlive(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (holder > 0) process.kill(holder, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Throws MissingPeerError unless the program answers. */
export function needProgram(command: string, what: string, howToGet: string, versionArg = '--version'): void {
  if (!hasProgram(command, versionArg)) throw new MissingPeerError(`${what} (${command})`, howToGet);
}

/** Runs a program; throws MissingPeerError with the end of its output when it fails. */
export async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const result = await run(command, args, { timeoutMs: INSTALL_TIMEOUT_MS, ...options });
  if (result.code === 0) return;
  const output = tail(`${result.stdout}\n${result.stderr}`, 25);
  throw new MissingPeerError(`the result of "${command} ${args.slice(0, 3).join(' ')} …"`, `It failed:\n${output}`);
}

async function main(): Promise<number> {
  const installers: Readonly<Record<string, () => Promise<string>>> = {
    apache: async () => (await installApache()).libDir,
    apache38: async () => (await installApache38()).libDir,
    curator: async () => (await installCurator()).libDir,
    kazoo: async () => (await installKazoo()).python,
    go: async () => (await installGo()).program,
    c: async () => (await installC()).program,
    node: async () => (await installNode()).modules,
  };
  const install = installers[process.argv[2] ?? ''];
  if (install === undefined) {
    console.error(`usage: install.ts ${Object.keys(installers).join('|')}`);
    return 2;
  }
  console.log(await install());
  return 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  });
}
