import { basename } from 'node:path';
import { parseHex64 } from '@zk/model';
import { parseProperties, repetitions, type PropertyEntry } from '../properties.js';
import type { MemberLine } from './membership.js';

/** What a dynamic file holds. */
export interface DynamicFile {
  readonly lines: readonly MemberLine[];
  /** Of the configuration: a zxid. */
  readonly version: bigint;
  readonly warnings: readonly string[];
}

/** Whether a key of Apache's may stand in a dynamic file. */
export function isMemberKey(key: string): boolean {
  return /^(server|group|weight)\./.test(key);
}

/** The file that holds a configuration while it is proposed and not known to be committed. */
export function nextFileOf(staticFile: string): string {
  return `${staticFile}.dynamic.next`;
}

/**
 * Reads the text of a file that `dynamicConfigFile` names. Its version is the end of its name, as in
 * `zoo.cfg.dynamic.100000000`, where that is hexadecimal, else 0 (spec: disk format, section 9).
 */
export function parseDynamicFile(text: string, path: string, problems: string[]): DynamicFile {
  const end = /\.([^./]*)$/.exec(basename(path))?.[1] ?? '';
  const { lines, version, warnings } = linesOf(text, basename(path), problems);
  if (version !== undefined) {
    problems.push(`${version.where}: version does not belong into a dynamic file: the end of its name is the version`);
  }
  return { lines, version: parseHex64(end) ?? 0n, warnings };
}

/** Reads the text of a `.dynamic.next` file, whose version stands inside. */
export function parseNextFile(text: string, path: string, problems: string[]): DynamicFile {
  const label = basename(path);
  const { lines, version, warnings } = linesOf(text, label, problems);
  const parsed = parseHex64(version?.value ?? '0');
  if (parsed === undefined) problems.push(`${version?.where ?? label}: version must be hexadecimal`);
  return { lines, version: parsed ?? 0n, warnings };
}

interface FileLines {
  readonly lines: readonly MemberLine[];
  readonly version: MemberLine | undefined;
  readonly warnings: readonly string[];
}

function linesOf(text: string, label: string, problems: string[]): FileLines {
  const { entries, defects } = parseProperties(text);
  for (const { line, message } of defects) problems.push(`${label}:${line}: ${message}`);
  const lineOf = ({ key, value, line }: PropertyEntry): MemberLine => ({ key, value, where: `${label}:${line}` });
  // As in a properties file anywhere, the last one of a key wins.
  const all = [...new Map(entries.map((entry) => [entry.key, lineOf(entry)])).values()];
  for (const { key, where } of all) {
    if (isMemberKey(key) || key === 'version') continue;
    problems.push(`${where}: ${key} does not belong into a dynamic file, only server, group and weight lines do`);
  }
  return {
    lines: all.filter(({ key }) => isMemberKey(key)),
    version: all.find(({ key }) => key === 'version'),
    warnings: repetitions(entries, label),
  };
}
