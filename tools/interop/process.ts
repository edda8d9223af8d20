/** Child processes for the interop tools: run one to its end with a time limit, and read its output line by line. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

import { endsWithTool } from '../lib/tool-end.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly input?: string;
  /** Called for each line of standard output, as it arrives. */
  readonly onLine?: (line: string) => void;
}

export interface RunResult {
  /** The exit code; -1 when a signal ended the process, 127 when it could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** Runs a program to its end. Never throws: a program that cannot be started has exit code 127. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    endsWithTool(child);
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill('SIGKILL');
          }, options.timeoutMs);
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout += `${line}\n`;
      options.onLine?.(line);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => {
      stderr += 'standard input was closed early\n';
    });
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ code: 127, stdout, stderr: stderr + error.message, timedOut });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, stdout, stderr, timedOut });
    });
  });
}

/** Whether a program answers at all, such as `java -version`. */
export function hasProgram(command: string, versionArg = '--version'): boolean {
  const result = spawnSync(command, [versionArg], { stdio: 'ignore' });
  return result.error === undefined;
}

/** The last `count` lines of a text, without trailing blank lines. */
export function tail(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
