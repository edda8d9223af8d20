/**
 * One server of an ensemble as a process of its own: started, stopped, killed, paused, wiped, and exchanged for the
 * other implementation on the same data directory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { apacheJars, fourLetterWord, LaunchError, type ServerKind, tailOf, zkEntry } from './launch.js';
import { endsWithTool } from './tool-end.js';

export interface MemberSpec {
  readonly kind: ServerKind;
  /** Where it listens for peers and clients; 127.0.0.1 unless given. */
  readonly address?: string;
  /** Where it listens for peers only; `address` unless given. */
  readonly peerAddress?: string;
  /** A second address for peers, with the same ports. */
  readonly secondPeerAddress?: string;
  readonly isObserver?: boolean;
  /** More zoo.cfg keys; they win over those of the ensemble. */
  readonly config?: ZooConfig;
  /** A program put in front of the command line, with its arguments; it has to replace itself by the server. */
  readonly wrapper?: readonly string[];
  /** Arguments of the runtime itself (`node` or `java`). */
  readonly runtimeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of jars that an Apache member runs with; those of 3.9 unless given. */
  readonly apacheLib?: string;
}

export type ZooConfig = Readonly<Record<string, string | number>>;

/** Where one member finds another. */
export interface PeerAddress {
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

export type Mode = 'leader' | 'follower' | 'observer' | 'standalone' | 'read-only';

/** What `srvr` says. */
export interface MemberState {
  readonly mode: Mode;
  readonly zxid: bigint;
  readonly znodes: number;
}

/** A process that ended without being asked to. */
export interface UnexpectedEnd {
  readonly member: number;
  readonly at: Date;
  /** Exit code or signal. */
  readonly how: string;
  readonly output: string;
}

export const LOCALHOST = '127.0.0.1';
const STOP_DEADLINE_MS = 30_000;
const POLL_MS = 20;

export class Member {
  readonly address: string;
  readonly dataDir: string;
  readonly configFile: string;
  /** Everything that its processes wrote, one after the other. */
  readonly logFile: string;
  readonly unexpectedEnds: UnexpectedEnd[] = [];
  private currentKind: ServerKind;
  private readonly kinds = new Set<ServerKind>();
  private process: { readonly child: ChildProcess; readonly ended: Promise<void> } | undefined;
  private isPausedNow = false;

  constructor(
    readonly id: number,
    readonly spec: MemberSpec,
    readonly directory: string,
    readonly clientPort: number,
    readonly peer: PeerAddress,
  ) {
    this.address = spec.address ?? LOCALHOST;
    this.currentKind = spec.kind;
    this.kinds.add(spec.kind);
    this.dataDir = join(directory, 'data');
    this.configFile = join(directory, 'zoo.cfg');
    this.logFile = join(directory, 'server.log');
    mkdirSync(this.dataDir, { recursive: true });
    this.writeId();
    writeFileSync(join(directory, 'logback.xml'), LOGBACK);
  }

  get kind(): ServerKind {
    return this.currentKind;
  }

  /** `host:port` for clients. */
  get host(): string {
    return `${this.address}:${this.clientPort}`;
  }

  get isRunning(): boolean {
    return this.process !== undefined;
  }

  get isPaused(): boolean {
    return this.isPausedNow;
  }

  /** 0 while it does not run. */
  get pid(): number {
    return this.process?.child.pid ?? 0;
  }

  /** The last lines that it wrote. */
  get output(): string {
    return tailOf(this.logFile);
  }

  /** Starts the process and returns at once: whether it serves depends on the others. */
  start(wrapper: readonly string[] = this.spec.wrapper ?? []): void {
    if (this.process !== undefined) return;
    const [program, ...args] = [...wrapper, ...this.command()] as [string, ...string[]];
    appendFileSync(this.logFile, `--- ${new Date().toISOString()} start of ${this.currentKind} server.${this.id}\n`);
    const log = openSync(this.logFile, 'a');
    const env = { ...process.env, ...this.spec.env };
    const child = spawn(program, args, { cwd: this.directory, env, stdio: ['ignore', log, log] });
    closeSync(log);
    endsWithTool(child);
    const ended = once(child, 'exit').then(
      ([code, signal]: unknown[]) => this.hasEnded(child, signal === null ? `exit code ${code}` : String(signal)),
      (error: unknown) => this.hasEnded(child, error instanceof Error ? error.message : String(error)),
    );
    this.process = { child, ended };
  }

  /** SIGTERM, and waits. */
  async stop(): Promise<void> {
    this.resume();
    await this.end('SIGTERM');
  }

  /** SIGKILL, and waits. A paused process dies as well. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  pause(): void {
    this.isPausedNow = this.process?.child.kill('SIGSTOP') ?? false;
  }

  resume(): void {
    this.process?.child.kill('SIGCONT');
    this.isPausedNow = false;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  /** Loses its disk: everything but its number. Only while it does not run. */
  wipe(): void {
    this.demandStopped('wipe');
    for (const name of readdirSync(this.dataDir)) rmSync(join(this.dataDir, name), { recursive: true, force: true });
    this.writeId();
  }

  /** From the next start on it is the other implementation, on the same files. Only while it does not run. */
  become(kind: ServerKind): void {
    this.demandStopped('exchange');
    this.currentKind = kind;
    this.kinds.add(kind);
  }

  /** Whether it was the other implementation at any time. */
  get hasChanged(): boolean {
    return this.kinds.size > 1;
  }

  /** What `srvr` says; undefined while it does not serve. */
  async srvr(timeoutMs = 2_000): Promise<MemberState | undefined> {
    const answer = await fourLetterWord(this.clientPort, 'srvr', this.address, timeoutMs);
    const mode = /^Mode: (\S+)/m.exec(answer)?.[1];
    const zxid = /^Zxid: (0x[0-9a-f]+)/m.exec(answer)?.[1];
    if (mode === undefined || zxid === undefined) return undefined;
    return { mode: mode as Mode, zxid: BigInt(zxid), znodes: Number(/^Node count: (\d+)/m.exec(answer)?.[1] ?? 0) };
  }

  /** Resolves with its state as soon as it serves. Throws LaunchError with the end of its output after the deadline. */
  async waitServing(deadlineMs = 60_000): Promise<MemberState> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const state = await this.srvr();
      if (state !== undefined) return state;
      if (performance.now() > deadline) {
        throw new LaunchError(`server.${this.id} (${this.currentKind}) serves nobody:\n${this.output}`);
      }
      await delay(POLL_MS);
    }
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const current = this.process;
    if (current === undefined) return;
    this.process = undefined;
    this.isPausedNow = false;
    current.child.kill(signal);
    const overdue = setTimeout(() => current.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await current.ended;
    clearTimeout(overdue);
  }

  private hasEnded(child: ChildProcess, how: string): void {
    if (this.process?.child !== child) return;
    this.process = undefined;
    this.isPausedNow = false;
    this.unexpectedEnds.push({ member: this.id, at: new Date(), how, output: this.output });
  }

  private demandStopped(what: string): void {
    if (this.process !== undefined) throw new Error(`cannot ${what} server.${this.id} while it runs`);
  }

  private writeId(): void {
    writeFileSync(join(this.dataDir, 'myid'), `${this.id}\n`);
  }

  private command(): string[] {
    const { runtimeArgs } = this.spec;
    if (this.currentKind === 'zk') {
      const entry = zkEntry();
      return [process.execPath, ...(runtimeArgs ?? []), entry, 'start-foreground', this.configFile];
    }
    const { apacheLib } = this.spec;
    const jars = apacheLib === undefined ? apacheJars() : [`${apacheLib}/*`];
    if (jars === undefined) throw new LaunchError('no Apache ZooKeeper 3.9 is installed');
    const logging = `-Dlogback.configurationFile=${join(this.directory, 'logback.xml')}`;
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    return ['java', ...(runtimeArgs ?? ['-Xmx384m']), logging, '-cp', jars.join(':'), main, this.configFile];
  }
}

const LOGBACK = `<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %-5p [%t] %logger{1} - %m%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="console"/></root>
</configuration>
`;
