/** Progress on stderr, results on stdout, one verdict line at the end. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

let shownLength = 0;

/** Shows what is going on. On a terminal the line replaces the one before; elsewhere every call is a line of its own. */
export function progress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r${text.padEnd(shownLength)}`);
    shownLength = text.length;
  } else {
    process.stderr.write(`${text}\n`);
  }
}

/** A lasting line on stderr, behind whatever progress was shown. */
export function note(text: string): void {
  if (shownLength > 0) process.stderr.write('\n');
  shownLength = 0;
  process.stderr.write(`${text}\n`);
}

/** Writes the machine-readable result where `--json` asks for it (`-` is stdout). */
export function writeJson(path: string | undefined, value: unknown): void {
  if (path === undefined) return;
  const json = `${JSON.stringify(value, null, 2)}\n`;
  if (path === '-') {
    process.stdout.write(json);
    return;
  }
  const file = resolve(path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, json);
  note(`JSON written to ${file}`);
}

export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  readonly detail?: string;
}

/** What a run was, and what it found besides its checks. */
export interface RunFacts {
  readonly startedAt: Date;
  readonly seed: number;
  readonly options: object;
  readonly details: object;
}

/** Collects checks; each failure is shown at once, with the seed that leads to it. */
export class Checks {
  readonly results: CheckResult[] = [];

  /** Without a hint failures are collected silently. */
  constructor(private readonly replayHint?: string) {}

  get passed(): number {
    return this.results.filter((result) => result.passed).length;
  }

  get failed(): number {
    return this.results.length - this.passed;
  }

  pass(name: string, detail?: string): void {
    this.results.push({ name, passed: true, ...(detail === undefined ? {} : { detail }) });
  }

  fail(name: string, detail: string): void {
    this.results.push({ name, passed: false, detail });
    if (this.replayHint !== undefined) note(`FAILED  ${name}: ${detail}\n        replay: ${this.replayHint}`);
  }

  check(name: string, holds: boolean, detail: string): boolean {
    if (holds) this.pass(name, detail);
    else this.fail(name, detail);
    return holds;
  }
}

/** Ends a tool: the facts and what failed as JSON where they are wanted, the last line, and the exit code. */
export function conclude(tool: string, checks: Checks, json: string | undefined, facts: RunFacts): number {
  const { passed, failed, results } = checks;
  note(JSON.stringify(facts.details));
  writeJson(json, { ...facts, passed, failed, failures: results.filter((result) => !result.passed) });
  process.stdout.write(`${tool}: seed ${facts.seed}: ${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** Rounds for people: three significant digits, thousands separated. */
export function human(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

export function mebibytes(bytes: number): number {
  return bytes / (1 << 20);
}
