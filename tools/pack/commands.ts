import { spawn } from 'node:child_process';

export interface Outcome {
  readonly isFine: boolean;
  /** What it wrote, both streams. */
  readonly output: string;
  /** What it wrote on standard output alone: what is meant for programs. */
  readonly result: string;
}

/** Runs a program to its end; one that does not end within `timeoutMs` is killed, and that is a failure. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly timeoutMs: number; readonly env?: NodeJS.ProcessEnv },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    let output = '';
    let result = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      result += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const timer = setTimeout(() => {
      output += `\nstill running after ${options.timeoutMs} ms`;
      child.kill('SIGKILL');
    }, options.timeoutMs);
    child.on('error', (error) => {
      output += error.message;
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ isFine: code === 0, output: output.trim(), result });
    });
  });
}

/** @returns its standard output. @throws Error with what the program wrote, unless it ends with 0 */
export async function mustRun(...args: Parameters<typeof run>): Promise<string> {
  const { isFine, output, result } = await run(...args);
  if (!isFine) throw new Error(`${args[0]} ${args[1].join(' ')} failed:\n${output}`);
  return result;
}
