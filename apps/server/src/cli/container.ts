import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asksForConfig, containerConfig, containerDirectories } from '../config/container-config.js';
import { codeOf } from '../errors.js';
import { prepareDirectory } from './data-directories.js';
import { UsageError } from './exit-codes.js';
import { runForeground } from './foreground.js';
import type { CliIo } from './io.js';
import type { CliOptions } from './options.js';

/**
 * `container`: what the official image of Apache ZooKeeper does at a start. `zoo.cfg` and `myid` are written by the `ZOO_…`
 * variables where there are none yet; then as `start-foreground`.
 * @throws ConfigError, UsageError, DataDirectoryError
 */
export async function runContainer(io: CliIo, options: CliOptions, args: readonly string[]): Promise<number> {
  if (args.length > 0 || options.config !== undefined) {
    throw new UsageError('container takes its configuration from ZOO_CONF_DIR; start-foreground takes a file');
  }
  const { conf, data } = containerDirectories(io.environment);
  const directory = resolve(io.workingDirectory, conf);
  const file = join(directory, 'zoo.cfg');
  const config = readIfThere(file) === undefined ? containerConfig(io.environment) : undefined;
  if (config !== undefined) {
    prepareDirectory('the configuration directory', directory);
    writeFileSync(file, config.text, { flag: 'wx' });
    io.err.write(`Wrote ${file}\n`);
  } else if (asksForConfig(io.environment)) {
    io.err.write(`${file} is there already: the ZOO_ variables do not change it\n`);
  }
  writeServerId(io, resolve(io.workingDirectory, data), config?.serverId ?? io.environment['ZOO_MY_ID']);
  return runForeground(io, { ...options, config: directory }, args);
}

/** The number stays with the data, whatever the variable says. */
function writeServerId(io: CliIo, dataDir: string, serverId: string | undefined): void {
  if (serverId === undefined || serverId === '') return;
  const file = join(dataDir, 'myid');
  const found = readIfThere(file)?.trim();
  if (found === undefined) {
    prepareDirectory('dataDir', dataDir);
    writeFileSync(file, `${serverId}\n`, { flag: 'wx' });
  } else if (found !== serverId) {
    io.err.write(`${file} says ${found}, and stays: the data beside it is that of server ${found}, not ${serverId}\n`);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
