import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf, messageOf } from '../errors.js';
import { ConfigError } from '../config/config-error.js';
import { gatherSettings, type Setting } from '../config/settings.js';
import type { CliIo } from './io.js';
import { locateConfig } from './locate-config.js';
import { flagsOf, type CliOptions } from './options.js';

/** The command of this program that serves. */
export const FOREGROUND = 'start-foreground';

/**
 * What `stop` and `status` need to know about a server. They read the settings without judging them: a mistake in the
 * file must not keep anybody from stopping the server that was started before the mistake was made.
 */
export interface Instance {
  readonly configFile: string | undefined;
  readonly dataDir: string | undefined;
  /** undefined when neither ZOOPIDFILE nor dataDir is known. */
  readonly pidFile: string | undefined;
  setting(name: string): string | undefined;
  readonly settings: ReadonlyMap<string, Setting>;
}

/** @throws ConfigError when the named file cannot be read */
export function findInstance(io: CliIo, options: CliOptions, args: readonly string[]): Instance {
  const configFile = locateConfig(io, options, args);
  const { settings } = gatherSettings({
    file: configFile === undefined ? undefined : { text: readConfig(io, configFile), label: configFile },
    environment: io.environment,
    flags: flagsOf(options, args),
  });
  const setting = (name: string): string | undefined => {
    const text = settings.get(name)?.text;
    return text === '' ? undefined : text;
  };
  const written = setting('dataDir');
  const dataDir = written === undefined ? undefined : resolve(io.workingDirectory, written);
  return { configFile, dataDir, pidFile: pidFileOf(io, dataDir), setting, settings };
}

/** ZOOPIDFILE, or zookeeper_server.pid in the data directory. */
export function pidFileOf(
  io: Pick<CliIo, 'environment' | 'workingDirectory'>,
  dataDir: string | undefined,
): string | undefined {
  const given = io.environment['ZOOPIDFILE'];
  if (given !== undefined && given !== '') return resolve(io.workingDirectory, given);
  return dataDir === undefined ? undefined : join(dataDir, 'zookeeper_server.pid');
}

function readConfig(io: CliIo, configFile: string): string {
  try {
    return readFileSync(resolve(io.workingDirectory, configFile), 'utf8');
  } catch (error) {
    throw new ConfigError([`${configFile}: cannot be read: ${messageOf(error)}`]);
  }
}

/**
 * Whether a process may be a server, this one or Apache's: after a reboot the number in a pid file that was left behind
 * may be anybody's.
 */
export function mayBeServer({ processes }: Pick<CliIo, 'processes'>, pid: number): boolean {
  const words = processes.commandOf(pid);
  return words === undefined || words.some((word) => word === FOREGROUND || word.startsWith('org.apache.zookeeper.'));
}

/** The process in the pid file; undefined when there is no such file or no number in it. */
export function readPid(pidFile: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(pidFile, 'utf8').trim();
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code)) return undefined;
    throw error;
  }
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}
