/** What a tool leaves behind, however it ends: no process that it started, and no directory that it made for itself. */
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';

const running = new Set<ChildProcess>();
const temporary = new Set<string>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const directory of temporary) rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** The process is killed when the tool ends. */
export function endsWithTool(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** The directory is removed when the tool ends. */
export function removedWithTool(directory: string): void {
  temporary.add(directory);
}

/** It has been removed, or is to stay. */
export function keptAfterTool(directory: string): void {
  temporary.delete(directory);
}
