import { isAbsolute, resolve } from 'node:path';
import { parseHex64 } from '@zk/model';
import type { EnsembleConfig } from '@zk/quorum';
import { messageOf } from '../../errors.js';
import type { SettingReader } from '../setting-reader.js';
import type { Setting } from '../settings.js';
import { nextFileOf, parseDynamicFile, parseNextFile, type DynamicFile } from './dynamic-file.js';
import { readMembership, type MemberLine, type Membership } from './membership.js';

/** Where member lines are looked for. */
export interface MemberSources {
  readonly settings: ReadonlyMap<string, Setting>;
  /** Absolute; undefined: there is no file. */
  readonly configFile: string | undefined;
  readonly workingDirectory: string;
  /**
   * A file's text; undefined: there is none.
   * @throws Error which says why it cannot be read
   */
  readFile(path: string): string | undefined;
}

export interface LoadedMembers {
  /** undefined when it cannot be used; then there are problems. */
  readonly membership: Membership | undefined;
  readonly lastSeen: EnsembleConfig | undefined;
}

const FAMILIES: readonly string[] = ['server.*', 'group.*', 'weight.*'];

/** Member lines of the settings themselves or, where it is named, of `dynamicConfigFile` (spec: operations, 4.3). */
export function loadMembers(reader: SettingReader, sources: MemberSources): LoadedMembers {
  const lines = [...sources.settings.values()]
    .filter(({ spec }) => FAMILIES.includes(spec.name))
    .map(({ name, text, where }): MemberLine => ({ key: name, value: text, where }));
  const allowsSeveralAddresses = reader.boolean('multiAddress.enabled');
  const dynamicFile = reader.text('dynamicConfigFile');
  if (dynamicFile === undefined) {
    const version = versionOf(reader);
    const membership = readMembership(lines, { version, allowsSeveralAddresses }, reader.problems);
    return { membership, lastSeen: undefined };
  }
  if (lines[0] !== undefined) {
    reader.problems.push(
      `${lines[0].where}: member lines belong into dynamicConfigFile (${dynamicFile}) once that is set`,
    );
  }
  const read = (parse: typeof parseDynamicFile, path: string, isNeeded: boolean): Membership | undefined => {
    const file = openFile(reader, sources, { parse, path, isNeeded });
    if (file === undefined) return undefined;
    return readMembership(file.lines, { version: file.version, allowsSeveralAddresses }, reader.problems);
  };
  const { configFile, workingDirectory } = sources;
  const path = isAbsolute(dynamicFile) ? dynamicFile : resolve(workingDirectory, dynamicFile);
  const membership = read(parseDynamicFile, path, true);
  const next = configFile === undefined ? undefined : read(parseNextFile, nextFileOf(configFile), false);
  return { membership, lastSeen: next?.config };
}

interface FileRequest {
  readonly parse: typeof parseDynamicFile;
  readonly path: string;
  readonly isNeeded: boolean;
}

/** undefined where there is no such file, or none that can be used; what is wrong with it ends up in the reader. */
function openFile(
  reader: SettingReader,
  sources: MemberSources,
  { parse, path, isNeeded }: FileRequest,
): DynamicFile | undefined {
  const at = `${reader.where('dynamicConfigFile')}: dynamicConfigFile: ${reader.text('dynamicConfigFile') ?? ''}`;
  const before = reader.problems.length;
  try {
    const text = sources.readFile(path);
    if (text !== undefined) {
      const file = parse(text, path, reader.problems);
      reader.warnings.push(...file.warnings);
      return reader.problems.length > before ? undefined : file;
    }
    if (isNeeded) reader.problems.push(`${at}: cannot be read: there is no such file`);
  } catch (error) {
    reader.problems.push(`${isNeeded ? at : path}: cannot be read: ${messageOf(error)}`);
  }
  return undefined;
}

function versionOf(reader: SettingReader): bigint {
  const text = reader.text('version') ?? '0';
  const version = parseHex64(text);
  if (version === undefined) {
    reader.problems.push(`${reader.where('version')}: version must be a hexadecimal number, got "${text}"`);
  }
  return version ?? 0n;
}
