import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Creates a directory and whatever is missing above it; returns the topmost one that was created. One step at a time:
 * the recursive option of `mkdir` never returns where a parent exists and yet refuses children as if it did not, as
 * /proc does.
 *
 * @throws Error with `code`, from the system
 */
export function makeDirectories(directory: string): string | undefined {
  const missing: string[] = [];
  for (let at = resolve(directory); !existsSync(at); at = dirname(at)) missing.push(at);
  for (const path of [...missing].reverse()) {
    try {
      mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return missing.at(-1);
}
