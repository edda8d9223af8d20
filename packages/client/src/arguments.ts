import { type BadArgumentsError, isBytes, kindOf, rules } from '@zk/client-api';
import { CreateMode } from '@zk/model';
import { badArguments } from './paths.js';

/**
 * What a caller without types may pass, and what would go unnoticed on the wire: text as data is zeros there, a mode that
 * is none makes a persistent znode, a version that is no number is version 0. Each gives what is wrong, or undefined.
 */

export function badData(path: string, data: unknown): BadArgumentsError | undefined {
  if (data === null || isBytes(data)) return undefined;
  return badArguments(path, `data is a Uint8Array or null, not ${kindOf(data)}; with a codec (utf8, json) it is more`);
}

export function badMode(path: string, mode: unknown): BadArgumentsError | undefined {
  if (typeof mode === 'string' && Object.hasOwn(CreateMode, mode)) return undefined;
  return badArguments(path, `a mode is one of ${Object.keys(CreateMode).join(', ')}, not ${String(mode)}`);
}

export function badAcl(path: string, acl: unknown): BadArgumentsError | undefined {
  return rules.acl.isMet(acl) ? undefined : badArguments(path, `an ACL is ${rules.acl.text}`);
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

/** @param what what it is for: `the listener of a watch` */
export function badFunction(path: string, what: string, value: unknown): BadArgumentsError | undefined {
  if (typeof value === 'function') return undefined;
  return badArguments(path, `${what} is a function, not ${kindOf(value)}`);
}
