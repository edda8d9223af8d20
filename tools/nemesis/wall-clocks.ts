/**
 * A wall clock for each member, which can be set while its process runs: a small library is compiled and preloaded, and
 * adds an offset, read from a file that both sides map, to what the machine says.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { compileC } from '../lib/compile-c.js';
import { repositoryRoot, temporaryDirectory } from '../lib/launch.js';

const SECOND_NS = 1_000_000_000n;
/** For the trial: far from any difference that two looks at one clock can have. */
const TRIAL_S = 1_000_000;

export class WallClocks {
  private readonly folder = temporaryDirectory('zk-wall-clocks-');
  private readonly library = join(this.folder, 'wall-clock.so');
  private readonly offsets: readonly number[];
  /** Why they cannot be set here; undefined where they can. */
  readonly problem: string | undefined;

  /** Members count from 1. */
  constructor(members: number) {
    this.offsets = Array.from({ length: members }, (_, index) => openSync(this.fileOf(index + 1), 'w'));
    this.restore();
    const source = join(repositoryRoot, 'tools', 'nemesis', 'wall-clock.c');
    const failure = compileC(source, this.library, ['-shared', '-fPIC']);
    this.problem = failure ?? this.whyWithoutEffect();
  }

  /** What a member's process needs in its environment. */
  environmentOf(member: number): Readonly<Record<string, string>> {
    if (this.problem !== undefined) return {};
    return { LD_PRELOAD: this.library, ZK_WALL_CLOCK: this.fileOf(member) };
  }

  /** From now on the clock of that member is so far ahead of the machine's; behind it where negative. */
  set(member: number, seconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds) * SECOND_NS);
    writeSync(this.offsets[member - 1]!, bytes, 0, bytes.length, 0);
  }

  /** All show the machine's time. */
  restore(): void {
    for (const index of this.offsets.keys()) this.set(index + 1, 0);
  }

  dispose(): void {
    for (const fd of this.offsets) closeSync(fd);
  }

  private fileOf(member: number): string {
    return join(this.folder, `offset-${member}`);
  }

  private whyWithoutEffect(): string | undefined {
    this.set(1, TRIAL_S);
    const env = { ...process.env, LD_PRELOAD: this.library, ZK_WALL_CLOCK: this.fileOf(1) };
    const told = Number(execFileSync(process.execPath, ['-p', 'Date.now()'], { env, encoding: 'utf8' }));
    this.restore();
    return told - Date.now() > (TRIAL_S / 2) * 1_000 ? undefined : 'a preloaded library has no effect on Node here';
  }
}
