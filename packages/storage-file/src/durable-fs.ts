import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes the names in a directory durable: a new file is only safe once its name is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Replaces a file as a whole: a crash leaves the old or the new text. As in Apache ZooKeeper, the new text passes through
 * `<path>.tmp`; other than there, the directory is synced too.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Paths of the files in a directory whose names the predicate accepts. */
export async function filesIn(directory: string, accepts: (name: string) => boolean): Promise<string[]> {
  return (await readdir(directory)).filter(accepts).map((name) => join(directory, name));
}
