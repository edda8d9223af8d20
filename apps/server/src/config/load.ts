import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf, messageOf } from '../errors.js';
import { buildConfig } from './build.js';
import { ConfigError } from './config-error.js';
import { loadMembers } from './ensemble/load-members.js';
import { indexKeys } from './key-index.js';
import { describeIgnored } from './ignored.js';
import type { ServerConfig } from './server-config.js';
import { SettingReader } from './setting-reader.js';
import { gatherSettings, type Flag, type Setting, type UnknownKey } from './settings.js';

/** Where configuration is looked for. */
export interface ConfigRequest {
  /** The configuration file, as the user wrote it; undefined: none. */
  readonly file: string | undefined;
  readonly flags: readonly Flag[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Directory that relative paths start from. */
  readonly workingDirectory: string;
}

export interface LoadedConfig {
  readonly config: ServerConfig;
  /** Things to mend, one line each. */
  readonly warnings: readonly string[];
  /** Things to know, one line each. */
  readonly notes: readonly string[];
  /** The settings in force, by key, for `print` and tests. */
  readonly settings: ReadonlyMap<string, Setting>;
}

/**
 * Reads and checks the configuration. Precedence: flag, environment, file, default.
 * @throws ConfigError with every problem found
 */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const index = indexKeys();
  const { workingDirectory } = request;
  const configFile = request.file === undefined ? undefined : resolve(workingDirectory, request.file);
  const text = configFile === undefined ? '' : readConfigFile(configFile, request.file ?? configFile);
  const gathered = gatherSettings(
    {
      file: request.file === undefined ? undefined : { text, label: request.file },
      environment: request.environment,
      flags: request.flags,
    },
    index,
  );
  const reader = new SettingReader(gathered.settings, index);
  reader.problems.push(...gathered.problems);
  reader.warnings.push(...gathered.warnings);

  const { settings } = gathered;
  const members = loadMembers(reader, { settings, configFile, workingDirectory, readFile: readIfThere });
  const config = buildConfig(reader, { configFile, configText: text, workingDirectory, ...members });
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);

  const ignored = describeIgnored(settings.values(), {
    isEnsemble: config.ensemble !== undefined,
    usesQuorumTls: config.admin?.tls !== undefined,
  });
  const warnings = [...reader.warnings, ...(await describeUnknown(gathered.unknown, index.names)), ...ignored.warnings];
  return { config, warnings, notes: ignored.notes, settings };
}

function readConfigFile(path: string, shown: string): string {
  try {
    const text = readIfThere(path);
    if (text !== undefined) return text;
  } catch (error) {
    throw new ConfigError([`${shown}: cannot be read: ${messageOf(error)}`]);
  }
  throw new ConfigError([`${shown}: cannot be read: there is no such file`]);
}

/** undefined: there is no such file. @throws Error which says why it cannot be read */
function readIfThere(path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    // Java takes every byte for a character; where that is what was meant, a directory must not get another name here.
    return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  } catch (error) {
    const code = codeOf(error) ?? 'error';
    if (code === 'ENOENT') return undefined;
    throw new Error(REASONS[code] ?? code, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

async function describeUnknown(unknown: readonly UnknownKey[], names: readonly string[]): Promise<string[]> {
  if (unknown.length === 0) return [];
  // Loaded only here: a correct file starts without it.
  const { suggestKey } = await import('./suggest.js');
  return unknown.map(({ key, where, hint }) => {
    const guess = hint === undefined ? suggestKey(key, names) : undefined;
    const help = hint ?? (guess === undefined ? undefined : `did you mean "${guess}"?`);
    return `${where}: unknown key "${key}" is ignored${help === undefined ? '' : `; ${help}`}`;
  });
}
