import type { Acl } from '@zk/model';
import { CommandError } from '../cli/exit-codes.js';
import { type AclJson, aclJson, isOpenAcl, parsePerms } from '../format/acl.js';
import { type DataJson, bytesOfBase64, dataJson, dataOfJson } from '../format/data.js';
import { javaPathDefect } from '../format/paths.js';

/**
 * The export format: JSON Lines, so that a file of any size is read and written in one pass, and that people can read,
 * grep and edit it. The first line says what it is; each further line is one znode, parents before children, paths
 * relative to the root that was exported. What is usual is left out.
 */
export const FORMAT_NAME = 'zk-export';
export const FORMAT_VERSION = 1;

export interface Header {
  readonly format: typeof FORMAT_NAME;
  readonly version: typeof FORMAT_VERSION;
  /** Where it was exported from. */
  readonly root: string;
  /** ISO 8601. */
  readonly exportedAt: string;
}

/** A znode, as it is in memory. */
export interface Exported {
  /** Below the root: `''` is the root itself. */
  readonly relative: string;
  readonly data: Uint8Array | null;
  readonly isEphemeral: boolean;
  /** Undefined: open to the world, or not exported. */
  readonly acl: readonly Acl[] | undefined;
}

interface ExportLine extends DataJson {
  readonly path: string;
  readonly ephemeral?: true;
  readonly acl?: readonly AclJson[];
}

export function headerLine(root: string, exportedAt: string): string {
  const header: Header = { format: FORMAT_NAME, version: FORMAT_VERSION, root, exportedAt };
  return JSON.stringify(header);
}

export function exportLine({ relative, data, isEphemeral, acl }: Exported): string {
  const line: ExportLine = {
    path: relative === '' ? '/' : relative,
    ...dataJson(data),
    ...(isEphemeral ? { ephemeral: true as const } : {}),
    ...(acl === undefined || isOpenAcl(acl) ? {} : { acl: aclJson(acl) }),
  };
  return JSON.stringify(line);
}

/** @throws CommandError when it is no first line of an export, or of a version that is not known */
export function parseHeader(text: string): Header {
  const header = parseObject(text, 1);
  if (header['format'] !== FORMAT_NAME) throw new CommandError(`line 1: this is not a ${FORMAT_NAME} file`);
  if (header['version'] !== FORMAT_VERSION) {
    throw new CommandError(`line 1: version ${String(header['version'])} of the format is not known`);
  }
  const root = header['root'];
  if (typeof root !== 'string' || javaPathDefect(root) !== undefined)
    throw new CommandError('line 1: "root" is no path');
  return header as unknown as Header;
}

/** @throws CommandError that names the line */
export function parseExportLine(text: string, lineNumber: number): Exported {
  const line = parseObject(text, lineNumber);
  const fail = (what: string): CommandError => new CommandError(`line ${lineNumber}: ${what}`);
  const { path, data, base64, ephemeral, acl } = line;
  if (typeof path !== 'string') throw fail('"path" is missing');
  const defect = javaPathDefect(path);
  if (defect !== undefined) throw fail(defect);
  if (data !== undefined && data !== null && typeof data !== 'string') throw fail('"data" is neither text nor null');
  if (base64 !== undefined && (typeof base64 !== 'string' || bytesOfBase64(base64) === undefined)) {
    throw fail('"base64" is not base64');
  }
  if (ephemeral !== undefined && typeof ephemeral !== 'boolean') throw fail('"ephemeral" is neither true nor false');
  return {
    relative: path === '/' ? '' : path,
    data: dataOfJson({
      ...(data === undefined ? {} : { data: data as string | null }),
      ...(base64 === undefined ? {} : { base64 }),
    }),
    isEphemeral: ephemeral === true,
    acl: acl === undefined ? undefined : parseAclJson(acl, fail),
  };
}

function parseObject(text: string, lineNumber: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`line ${lineNumber}: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CommandError(`line ${lineNumber}: not a JSON object`);
  }
  return value as Record<string, unknown>;
}

function parseAclJson(value: unknown, fail: (what: string) => CommandError): readonly Acl[] {
  if (!Array.isArray(value) || value.length === 0) throw fail('"acl" is not a list');
  return value.map((entry: Partial<Record<keyof AclJson, unknown>> | null) => {
    const { scheme, id, perms } = entry ?? {};
    if (typeof scheme !== 'string' || typeof id !== 'string' || typeof perms !== 'string') {
      throw fail('an entry of "acl" needs "scheme", "id" and "perms"');
    }
    const { perms: bits, unknown } = parsePerms(perms);
    if (unknown.length > 0) throw fail(`unknown permission ${unknown.join('')}`);
    return { scheme, id, perms: bits };
  });
}
