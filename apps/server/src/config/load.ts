import { readFileSync } from 'node:fs';
import { basename, isAbsolute, resolve } from 'node:path';
import { buildConfig } from './build.js';
import { ConfigError } from './config-error.js';
import { indexKeys } from './key-index.js';
import { judgeMembers, parseMember, type Member } from './members.js';
import { describeIgnored } from './ignored.js';
import { parseProperties } from './properties.js';
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
  const text =
    request.file === undefined ? '' : readText(resolve(request.workingDirectory, request.file), request.file);
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

  const members = readMembers(gathered.settings, request.workingDirectory, reader);
  const verdict = judgeMembers(members, {
    enabled: reader.boolean('standaloneEnabled'),
    where: reader.where('standaloneEnabled'),
  });
  if (verdict !== undefined) reader.problems.push(verdict);

  const config = buildConfig(reader, {
    configFile: request.file === undefined ? undefined : resolve(request.workingDirectory, request.file),
    configText: text,
    workingDirectory: request.workingDirectory,
    member: members.length === 1 ? members[0] : undefined,
  });
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);

  const ignored = describeIgnored(gathered.settings.values());
  const warnings = [...reader.warnings, ...(await describeUnknown(gathered.unknown, index.names)), ...ignored.warnings];
  return { config, warnings, notes: ignored.notes, settings: gathered.settings };
}

function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    const reason = REASONS[code] ?? code;
    throw new ConfigError([`${shown}: cannot be read: ${reason}`]);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Member lines of the file itself and of dynamicConfigFile. */
function readMembers(
  settings: ReadonlyMap<string, Setting>,
  workingDirectory: string,
  reader: SettingReader,
): Member[] {
  const lines = [...settings.values()].filter((setting) => setting.spec.name === 'server.*');
  const dynamic = settings.get('dynamicConfigFile');
  if (dynamic !== undefined && dynamic.text !== '') {
    if (lines[0] !== undefined) {
      reader.problems.push(
        `${lines[0].where}: member lines belong into dynamicConfigFile (${dynamic.text}) once that is set`,
      );
    }
    const path = isAbsolute(dynamic.text) ? dynamic.text : resolve(workingDirectory, dynamic.text);
    try {
      const label = basename(dynamic.text);
      for (const entry of parseProperties(readText(path, dynamic.text)).entries) {
        if (!entry.key.startsWith('server.')) continue;
        lines.push({
          spec: dynamic.spec,
          name: entry.key,
          text: entry.value,
          source: 'file',
          where: `${label}:${entry.line}`,
        });
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      reader.problems.push(...error.problems.map((problem) => `${dynamic.where}: dynamicConfigFile: ${problem}`));
    }
  }
  const members: Member[] = [];
  for (const line of lines) {
    const member = parseMember(line);
    if (typeof member === 'string') reader.problems.push(member);
    else members.push(member);
  }
  return members;
}

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
