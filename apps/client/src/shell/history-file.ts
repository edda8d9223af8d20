import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const MAX_LINES = 1000;

/** Lines with secrets: they are in nobody's history file. */
const SECRET = /^\s*addauth\b/;

/**
 * Where lines are kept: ZK_CLI_HISTORY, else `~/.zk_cli_history`. An empty ZK_CLI_HISTORY means nowhere.
 */
export function historyPath(
  environment: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): string | undefined {
  const named = environment['ZK_CLI_HISTORY'];
  if (named !== undefined) return named === '' ? undefined : named;
  return homeDirectory === '' ? undefined : join(homeDirectory, '.zk_cli_history');
}

/** Lines, the oldest first; none when there is no such file, or it cannot be read: that is no reason not to work. */
export function readHistory(file: string | undefined): readonly string[] {
  if (file === undefined) return [];
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .slice(-MAX_LINES);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return [];
  }
}

/**
 * Adds lines to what is in the file now: another shell may have written meanwhile. Only its owner can read it.
 * @returns why it could not be written
 */
export function appendHistory(file: string | undefined, lines: readonly string[]): Error | undefined {
  const kept = lines.filter((line) => line.trim() !== '' && !SECRET.test(line));
  if (file === undefined || kept.length === 0) return undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    const all = [...readHistory(file), ...kept].slice(-MAX_LINES);
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, `${all.join('\n')}\n`, { mode: 0o600 });
    chmodSync(partial, 0o600);
    renameSync(partial, file);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
