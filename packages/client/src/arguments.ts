import type { BadArgumentsError } from '@zk/client-api';
import { CreateMode } from '@zk/model';
import { badArguments } from './paths.js';

/**
 * What a caller without types may pass, and what would go unnoticed on the wire: text as data is zeros there, a mode that
 * is none makes a persistent znode, a version that is no number is version 0. Each gives what is wrong, or undefined.
 */

/** Bytes: also those of another realm, of which `instanceof` knows nothing. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value && value.BYTES_PER_ELEMENT === 1;
}

export function badData(path: string, data: unknown): BadArgumentsError | undefined {
  if (data === null || isBytes(data)) return undefined;
  return badArguments(path, `data is a Uint8Array or null, not ${kindOf(data)}; with a codec (utf8, json) it is more`);
}

export function badMode(path: string, mode: unknown): BadArgumentsError | undefined {
  if (typeof mode === 'string' && Object.hasOwn(CreateMode, mode)) return undefined;
  return badArguments(path, `a mode is one of ${Object.keys(CreateMode).join(', ')}, not ${String(mode)}`);
}

export function badAcl(path: string, acl: unknown): BadArgumentsError | undefined {
  const isAcl = Array.isArray(acl) && acl.every(isAclEntry);
  return isAcl ? undefined : badArguments(path, 'an ACL is an array of { perms: number, scheme: string, id: string }');
}

/** Of a protected create. By an empty one every child of the parent would be taken for what the create has made. */
export function badPrefix(path: string, prefix: unknown): BadArgumentsError | undefined {
  if (typeof prefix === 'string' && prefix !== '' && !prefix.includes('/')) return undefined;
  return badArguments(path, 'the prefix of a protected create is part of a name, and not empty');
}

/** On the wire a version has 32 bits, with a sign. */
export function badVersion(path: string, version: unknown): BadArgumentsError | undefined {
  if (typeof version === 'number' && (version | 0) === version) return undefined;
  return badArguments(
    path,
    `a version is a 32-bit integer, not ${typeof version === 'number' ? version : kindOf(version)}`,
  );
}

/** Of any call. A version in place of the options would be none at all. */
export function badOptions(options: unknown): TypeError | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null) {
    return new TypeError(`options are an object, as in { version: 3 } or { timeout: '5s' }, not ${kindOf(options)}`);
  }
  const { signal } = options as { readonly signal?: unknown };
  if (signal === undefined || isSignal(signal)) return undefined;
  return new TypeError(`signal is an AbortSignal, not ${kindOf(signal)}`);
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `an object (${value.constructor?.name ?? 'without a class'})`;
}

function isSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}

function isAclEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { perms, scheme, id } = value as Readonly<Record<string, unknown>>;
  return Number.isInteger(perms) && typeof scheme === 'string' && typeof id === 'string';
}
