import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { CliIo } from './io.js';
import { isPositionalForm, type CliOptions } from './options.js';

/** Where a file is looked for when nobody names a directory. */
const USUAL_DIRECTORIES = ['.', 'conf', '/etc/zookeeper'] as const;

/**
 * The configuration file, by the rules of zkServer.sh: `--config` or ZOOCFGDIR name the directory, the argument or
 * ZOOCFG the file; a name with a slash is taken as it is. Without a directory the usual ones are searched.
 * @returns the path as it should be shown; undefined when there is none and nobody asked for one
 */
export function locateConfig(
  io: Pick<CliIo, 'environment' | 'workingDirectory'>,
  options: CliOptions,
  args: readonly string[],
): string | undefined {
  if (isPositionalForm(args)) return undefined;
  const exists = (path: string): boolean => existsSync(resolve(io.workingDirectory, path));
  const directory = options.config ?? nonEmpty(io.environment['ZOOCFGDIR']);
  const named = args[0] ?? nonEmpty(io.environment['ZOOCFG']);
  if (named !== undefined && basename(named) !== named) return named;
  if (directory !== undefined) {
    const path = join(directory, named ?? 'zoo.cfg');
    return named !== undefined && !exists(path) && exists(named) ? named : path;
  }
  // Who says where the data is needs no file; picking one up by chance would surprise.
  if (named === undefined && options.dataDir !== undefined) return undefined;
  const candidates = USUAL_DIRECTORIES.map((usual) => join(usual, named ?? 'zoo.cfg'));
  return candidates.find(exists) ?? named;
}

/** Shell files that zkServer.sh would source from the configuration's directory. */
export function unreadShellFiles(io: Pick<CliIo, 'workingDirectory'>, configFile: string | undefined): string[] {
  if (configFile === undefined) return [];
  const directory = resolve(io.workingDirectory, configFile, '..');
  return ['zookeeper-env.sh', 'java.env'].filter((name) => existsSync(join(directory, name)));
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
