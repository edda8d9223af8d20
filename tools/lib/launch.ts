/**
 * Starts a server to be measured or tormented: ours (`zk`) or Apache ZooKeeper 3.9 (`apache`), each as a child process
 * with a data directory and a port of its own. Whatever was started is killed when the tool ends, however it ends.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMemoryFileSystem } from './processes.js';
import { endsWithTool, keptAfterTool, removedWithTool } from './tool-end.js';

export type ServerKind = 'zk' | 'apache';

export interface LaunchOptions {
  readonly kind: ServerKind;
  /** zoo.cfg keys. */
  readonly config?: Readonly<Record<string, string | number>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Kept after `stop`; without it a fresh one is made, and removed by `stop`. */
  readonly dataDir?: string;
  readonly port?: number;
  /** Arguments of the runtime itself (`node` or `java`). */
  readonly runtimeArgs?: readonly string[];
  /** A program put in front of the command line, with its arguments (strace, taskset). */
  readonly wrapper?: readonly string[];
  /** Of Apache's server: what its class path has besides its own libraries. */
  readonly extraJars?: readonly string[];
  /** Of Apache's server: what logback is told, instead of warnings only. */
  readonly logback?: string;
  readonly readyDeadlineMs?: number;
  /** Called as soon as the process runs, before it serves; `kill` sends SIGKILL. */
  readonly onSpawn?: (kill: () => void) => void;
}

export interface RunningServer {
  readonly kind: ServerKind;
  readonly pid: number;
  readonly port: number;
  readonly dataDir: string;
  /** From spawn to the first answer to `srvr`. */
  readonly startupMs: number;
  /** Resolves with exit code or signal. */
  readonly exited: Promise<string>;
  readonly hasExited: () => boolean;
  /** The last lines that the server wrote. */
  readonly output: () => string;
  /** SIGKILL, and waits. The data directory stays. */
  readonly kill: () => Promise<void>;
  /** SIGTERM, and waits; removes a data directory that was made for this run. */
  readonly stop: () => Promise<void>;
}

/** The server could not be started; the message holds the end of its output. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

export async function launch(options: LaunchOptions): Promise<RunningServer> {
  const port = options.port ?? (await freePort());
  const isOwnDirectory = options.dataDir === undefined;
  const dataDir = options.dataDir ?? temporaryDirectory(`zk-${options.kind}-`);
  mkdirSync(dataDir, { recursive: true });
  const command = options.kind === 'zk' ? zkCommand(options, dataDir, port) : apacheCommand(options, dataDir, port);
  const [program, ...args] = [...(options.wrapper ?? []), ...command] as [string, ...string[]];

  const startedAt = performance.now();
  // A file, not a pipe: a server that logs must not wait for this process to read.
  const logFile = join(temporaryDirectory('zk-output-'), 'server.log');
  const log = openSync(logFile, 'w');
  const child = spawn(program, args, {
    cwd: dataDir,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  endsWithTool(child);
  options.onSpawn?.(() => child.kill('SIGKILL'));
  const output = (): string => tailOf(logFile);
  let end: string | undefined;
  const exited = once(child, 'exit').then(
    ([code, signal]: unknown[]) => {
      end = signal === null ? `exit code ${String(code)}` : String(signal);
      return end;
    },
    (error: unknown) => {
      end = `could not be started: ${error instanceof Error ? error.message : String(error)}`;
      return end;
    },
  );

  const deadline = startedAt + (options.readyDeadlineMs ?? 60_000);
  while (!(await isServing(port))) {
    if (end !== undefined) throw new LaunchError(`${options.kind} server ended (${end}):\n${output()}`);
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      await exited;
      throw new LaunchError(`${options.kind} server did not answer on port ${port} in time:\n${output()}`);
    }
    await delay(2);
  }
  const startupMs = performance.now() - startedAt;

  const finish = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const overdue = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await exited;
    clearTimeout(overdue);
  };
  return {
    kind: options.kind,
    pid: child.pid ?? 0,
    port,
    dataDir,
    startupMs,
    exited,
    hasExited: () => end !== undefined,
    output,
    kill: () => finish('SIGKILL'),
    stop: async () => {
      await finish('SIGTERM');
      if (isOwnDirectory) removeDirectory(dataDir);
      removeDirectory(dirname(logFile));
    },
  };
}

/** Where `kind` cannot be started: one sentence that says what is missing and how to get it. */
export function whyMissing(kind: ServerKind): string | undefined {
  if (kind === 'zk') {
    return existsSync(zkEntry()) ? undefined : `${zkEntry()} is missing: run "npm run build" first`;
  }
  return apacheJars() === undefined
    ? 'no Apache ZooKeeper 3.9 below .interop/: run "npx tsx tools/interop/install.ts apache", or set ZK_APACHE_LIB to a folder of its jars'
    : undefined;
}

/**
 * Answer of a four-letter word; empty when nobody answers. Whoever asks but once waits for long: a server that is held up
 * is not one that does not answer. Whoever asks again and again gives a time of its own.
 */
export function fourLetterWord(port: number, word: string, host = '127.0.0.1', timeoutMs = 20_000): Promise<string> {
  return new Promise((resolveAnswer) => {
    let answer = '';
    const socket = connect({ port, host });
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on('connect', () => socket.write(word));
    socket.on('data', (chunk) => (answer += chunk.toString('utf8')));
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => resolveAnswer(answer));
  });
}

/** Ports from here up are given to outgoing connections, at any moment. */
const FIRST_EPHEMERAL_PORT = 32_768;
const FIRST_FREE_PORT = 10_000;
/** Ports that were handed out: whoever has one may not listen on it yet. */
const given = new Set<number>();

/** A port that nobody listens on, that no outgoing connection will take before it is used, and nobody else is given. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = FIRST_FREE_PORT + Math.floor(Math.random() * (FIRST_EPHEMERAL_PORT - FIRST_FREE_PORT));
    if (given.has(port)) continue;
    given.add(port);
    if (await canListen(port)) return port;
  }
  throw new LaunchError('no free port');
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolveAnswer) => {
    const server = createServer();
    server.once('error', () => resolveAnswer(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolveAnswer(true)));
  });
}

/** A directory on a real disk (where a sync means something), removed when the tool ends. */
export function temporaryDirectory(prefix: string): string {
  let parent = tmpdir();
  if (isMemoryFileSystem(parent)) {
    parent = join(repositoryRoot, 'data');
    mkdirSync(parent, { recursive: true });
  }
  const directory = mkdtempSync(join(parent, prefix));
  removedWithTool(directory);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  keptAfterTool(directory);
}

async function isServing(port: number): Promise<boolean> {
  return (await fourLetterWord(port, 'srvr', '127.0.0.1', 2_000)).includes('Zxid');
}

/** The last 8 KiB of a file; empty where there is none. */
export function tailOf(file: string): string {
  if (!existsSync(file)) return '';
  const { size } = statSync(file);
  const bytes = Buffer.alloc(Math.min(size, 8_192));
  const fd = openSync(file, 'r');
  readSync(fd, bytes, 0, bytes.length, size - bytes.length);
  closeSync(fd);
  return bytes.toString('utf8');
}

/** The script that is our server. */
export function zkEntry(): string {
  return process.env['ZK_SERVER_BIN'] ?? join(repositoryRoot, 'apps', 'server', 'bin', 'zk-server.cjs');
}

function zkCommand(options: LaunchOptions, dataDir: string, port: number): string[] {
  const missing = whyMissing('zk');
  if (missing !== undefined) throw new LaunchError(missing);
  const settings = {
    maxClientCnxns: 0,
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    ...options.config,
  };
  const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  return [
    process.execPath,
    ...(options.runtimeArgs ?? []),
    zkEntry(),
    'start-foreground',
    '--data-dir',
    dataDir,
    '--address',
    '127.0.0.1',
    '--log-level',
    'warn',
    '--port',
    String(port),
    ...sets,
  ];
}

function apacheCommand(options: LaunchOptions, dataDir: string, port: number): string[] {
  const jars = apacheJars();
  if (jars === undefined) throw new LaunchError(whyMissing('apache') ?? '');
  const settings = {
    tickTime: 2000,
    dataDir,
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    maxClientCnxns: 0,
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    extendedTypesEnabled: 'true',
    ...options.config,
  };
  const file = join(dataDir, 'zoo.cfg');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  // Without a configuration logback writes every DEBUG line to the console, which costs Apache most of its speed.
  const logging = join(dataDir, 'logback.xml');
  writeFileSync(logging, options.logback ?? LOGBACK_WARNINGS_ONLY);
  // The heap of zkServer.sh, which is what its users run with.
  const heap = options.runtimeArgs ?? ['-Xmx1000m'];
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  const classPath = [...jars, ...(options.extraJars ?? [])];
  return ['java', ...heap, `-Dlogback.configurationFile=${logging}`, '-cp', classPath.join(':'), main, file];
}

const LOGBACK_WARNINGS_ONLY = `<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %-5p [%t] %logger{1} - %m%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="console"/></root>
</configuration>
`;

let foundJars: string[] | undefined;

/** The class path of Apache ZooKeeper 3.9; undefined where it is not installed. */
export function apacheJars(): string[] | undefined {
  if (foundJars !== undefined) return foundJars;
  const given = process.env['ZK_APACHE_LIB'];
  const directory = given ?? folderWith(join(repositoryRoot, '.interop'), /^zookeeper-3\.9\..*\.jar$/, 5);
  if (directory === undefined || !existsSync(directory)) return undefined;
  foundJars = readdirSync(directory)
    .filter((name) => name.endsWith('.jar') && !/-(sources|javadoc|tests)\.jar$/.test(name))
    .map((name) => join(directory, name));
  return foundJars;
}

function folderWith(directory: string, name: RegExp, depth: number): string | undefined {
  if (depth === 0 || !existsSync(directory)) return undefined;
  const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (entries.some((entry) => entry.isFile() && name.test(entry.name))) return directory;
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name === 'node_modules') continue;
    const found = folderWith(join(directory, entry.name), name, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
