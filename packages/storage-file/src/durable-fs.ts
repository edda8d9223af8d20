import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

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
 * Replaces a file as a whole: a crash leaves the old or the new content, which passes through a temporary file. The name
 * of that is as in Apache ZooKeeper, unless another is given; other than there, the directory is synced too.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  temporary: string = `${path}.tmp`,
): Promise<void> {
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // Why it failed matters more than whether the rest can be removed.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Names in a directory, but for those of directories within. */
export async function fileNamesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}
