import { chmod, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateStore } from '@zk/contracts';
import { replaceFile, syncDirectory } from '@zk/storage-file';
import { codeOf } from '../../errors.js';

/** Small files of one directory, replaced as a whole and durably. A file that is replaced keeps its permissions. */
export class DirectoryFiles implements StateStore {
  constructor(private readonly directory: string) {}

  async read(name: string): Promise<string | undefined> {
    return unlessAbsent(readFile(join(this.directory, name), 'utf8'));
  }

  async write(name: string, text: string): Promise<void> {
    const path = join(this.directory, name);
    const temporary = `${path}.tmp`;
    const present = await unlessAbsent(stat(path));
    if (present !== undefined) {
      // The text may hold passwords: the temporary file is as secret as the one it replaces before anything is in it.
      await (await open(temporary, 'w', 0o600)).close();
      await chmod(temporary, present.mode & 0o777);
    }
    await replaceFile(path, text, temporary);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.directory, name), { force: true });
    await syncDirectory(this.directory);
  }
}

async function unlessAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
