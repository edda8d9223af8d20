import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectories } from '@zk/storage-file';
import { codeOf, messageOf } from '../errors.js';
import type { ServerConfig } from '../config/server-config.js';
import { DataDirectoryError } from './exit-codes.js';

/**
 * Makes sure that the directories exist and can be written.
 * @throws DataDirectoryError which says which one and what to do
 */
export function prepareDataDirectories(
  config: Pick<ServerConfig, 'dataDir' | 'dataLogDir' | 'datadirAutocreate'>,
): void {
  const uses = [
    ['dataDir', config.dataDir],
    ['dataLogDir', config.dataLogDir],
  ] as const;
  for (const [key, directory] of uses) {
    const version = join(directory, 'version-2');
    if (!existsSync(version) && !config.datadirAutocreate) {
      throw new DataDirectoryError(
        `${key} ${directory} has no version-2 directory, and datadir.autocreate=false forbids to create it: ` +
          'fix the path or create it',
      );
    }
    prepare(key, directory, version);
  }
}

/**
 * The same for another directory; `what` names it where it cannot be used.
 * @throws DataDirectoryError
 */
export function prepareDirectory(what: string, directory: string): void {
  prepare(what, directory, directory);
}

function prepare(what: string, directory: string, innermost: string): void {
  try {
    makeDirectories(innermost);
    accessSync(innermost, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = reasonOf(codeOf(error), directory) ?? messageOf(error);
    throw new DataDirectoryError(`${what} ${directory} cannot be used: ${reason}`);
  }
}

function reasonOf(code: string | undefined, directory: string): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `permission denied; the user that runs the server must own it`;
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
      return 'no space left on the device';
    case 'ENOTDIR':
    case 'EEXIST':
      return `a file is in the way, at it or above it (${dirname(directory)})`;
    default:
      return undefined;
  }
}
