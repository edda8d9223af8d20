/**
 * Counts what the peers say. A peer's program prints one line per check, `ok SENTENCE` or `not ok SENTENCE: DETAIL`;
 * anything else is noise that is shown only when something failed. A program that ends without the line `done` failed,
 * whatever it printed before.
 */
import type { Failover } from './ensemble/failover.ts';
import { tail } from './process.ts';
import { run } from './process.ts';
import type { RunOptions } from './process.ts';

export interface Failure {
  readonly peer: string;
  readonly sentence: string;
}

/** How often a check that is interrupted may be tried. */
const ATTEMPTS = 4;

/** What a program may take: ten times what most need on a machine that does nothing else. */
const PATIENCE_MS = 600_000;

/** The checks of one peer. */
export class PeerReport {
  passed = 0;
  readonly failures: string[] = [];
  /** Checks that were interrupted by the death of a leader, and repeated. */
  repeated = 0;
  failover: Failover | undefined;
  private noise = '';
  /** When the check that runs began, or its attempt: with the verdict on the one before. */
  private attemptBegan = performance.now();

  constructor(
    readonly peer: string,
    private readonly isVerbose: boolean,
  ) {}

  /** What programs have to know: whether a check may be interrupted, and how often they may try it then. */
  get environment(): Readonly<Record<string, string>> {
    if (this.failover === undefined) return {};
    return { ZK_INTEROP_ENSEMBLE: 'yes', ZK_INTEROP_ATTEMPTS: String(ATTEMPTS) };
  }

  pass(sentence: string): void {
    this.attemptBegan = performance.now();
    this.passed += 1;
    this.failover?.noteCheck();
    if (this.isVerbose) console.log(`  ok ${sentence}`);
  }

  fail(sentence: string): void {
    this.attemptBegan = performance.now();
    this.failures.push(sentence);
    console.log(`  NOT OK ${sentence}`);
  }

  /** Passes or fails on whether both texts are equal; the first differing line is named. */
  equal(sentence: string, actual: string, expected: string): void {
    if (actual === expected) {
      this.pass(sentence);
      return;
    }
    const ours = actual.split('\n');
    const theirs = expected.split('\n');
    const at = theirs.findIndex((line, index) => line !== ours[index]);
    const line = at === -1 ? theirs.length : at;
    this.fail(`${sentence}: line ${line + 1} is ${show(ours[line])} instead of ${show(theirs[line])}`);
  }

  check(sentence: string, isTrue: boolean, detail = ''): void {
    if (isTrue) this.pass(sentence);
    else this.fail(detail === '' ? sentence : `${sentence}: ${detail}`);
  }

  /** Runs a peer's program and counts its lines. */
  async program(command: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
    let isDone = false;
    this.attemptBegan = performance.now();
    const before = this.failures.length;
    const result = await run(command, args, {
      timeoutMs: PATIENCE_MS,
      ...options,
      env: { ...options.env, ...this.environment },
      onLine: (line) => {
        options.onLine?.(line);
        if (line.startsWith('ok ')) this.pass(line.slice(3));
        else if (line.startsWith('not ok ')) this.fail(line.slice(7));
        else if (line.startsWith('again ')) this.again(line.slice(6));
        else if (line === 'done') isDone = true;
        else if (this.isVerbose) console.log(`  | ${line}`);
      },
    });
    if (result.timedOut) this.fail(`${this.peer}: the program did not end in time`);
    else if (!isDone) this.fail(`${this.peer}: the program ended early, with exit code ${result.code}`);
    else if (result.code !== 0 && this.failures.length === before) {
      this.fail(`${this.peer}: the program ended with exit code ${result.code}`);
    }
    if (this.failures.length > before) this.noise += `${result.stdout}\n${result.stderr}`;
  }

  /** A program repeats a check: it may, if the ensemble was disturbed since the check began. */
  again(sentence: string): void {
    this.repeated += 1;
    if (this.isVerbose) console.log(`  again ${sentence}`);
    const isExcused = this.failover?.hasDisturbedSince(this.attemptBegan) === true;
    this.attemptBegan = performance.now();
    if (!isExcused) this.fail(`${sentence} (at the first attempt, without a reason)`);
  }

  /** Something to be shown should anything have failed. */
  addNoise(text: string): void {
    this.noise += `${text}\n`;
  }

  /** What a person needs to see after failures. */
  printNoise(serverLog: string): void {
    if (this.failures.length === 0) return;
    const lines = this.noise.split('\n').filter((line) => !line.startsWith('ok '));
    if (lines.join('').trim() !== '') console.log(indent(`the end of the peer's output`, tail(lines.join('\n'), 40)));
    if (serverLog.trim() !== '') console.log(indent(`the end of the server's log`, tail(serverLog, 25)));
  }
}

function show(line: string | undefined): string {
  return line === undefined ? '(nothing)' : JSON.stringify(line);
}

function indent(title: string, text: string): string {
  return [`  --- ${title}`, ...text.split('\n').map((line) => `  | ${line}`)].join('\n');
}
