import { execFileSync } from 'node:child_process';

/** Compiles one C file with the compiler that there is, and returns why that failed; undefined where it did not. */
export function compileC(source: string, target: string, flags: readonly string[]): string | undefined {
  for (const compiler of [process.env['CC'] ?? 'cc', 'gcc', 'clang']) {
    try {
      execFileSync(compiler, ['-O2', '-o', target, source, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
      return undefined;
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing) return error instanceof Error ? error.message : String(error);
    }
  }
  return 'no C compiler';
}
