import { BadArgumentsError, type CallOptions } from '@zk/client-api';
import { ErrorCode, pathDefect } from '@zk/model';
import type { CallLimits, ClientCore } from '../client-core.js';
import { Request, type RequestKind } from '../machine/request.js';

/** Requests below one chroot. */
export class Calls {
  constructor(
    readonly core: ClientCore,
    /** Of the chroot; empty, or a path. */
    readonly prefix: string,
  ) {}

  /** A request that a user's call consists of. */
  async one<T>(kind: RequestKind, path: string, options: CallOptions | undefined, extra?: unknown): Promise<T> {
    const request = new Request(kind, this.prefix, path);
    request.extra = extra;
    this.core.call(request, options);
    return (await request.promise) as T;
  }

  /** One step of a call that takes several. */
  step<T>(kind: RequestKind, path: string, limits: CallLimits, fill?: (request: Request) => void): Promise<T> {
    const request = new Request(kind, this.prefix, path);
    fill?.(request);
    this.core.step(request, limits);
    return request.promise as Promise<T>;
  }
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** Why a path cannot be used, as an error; undefined when it can. */
export function badPath(path: string): BadArgumentsError | undefined {
  if (isPlain(path)) return undefined;
  const defect = typeof path === 'string' ? pathDefect(path) : 'a path is a string';
  return defect === undefined ? undefined : badArguments(path, defect);
}

export function badArguments(path: string, why: string): BadArgumentsError {
  const error = new BadArgumentsError(ErrorCode.BADARGUMENTS, path);
  error.message += `: ${why}`;
  return error;
}

/** Whether it certainly is a path: the quick look that nearly all paths pass. */
function isPlain(path: string): boolean {
  const { length } = path;
  if (length < 2 || path.charCodeAt(0) !== SLASH) return false;
  let previous = SLASH;
  for (let i = 1; i < length; i++) {
    const unit = path.charCodeAt(i);
    if (unit < 0x20 || unit >= 0x7f) return false;
    if (previous === SLASH && (unit === SLASH || unit === DOT)) return false;
    previous = unit;
  }
  return previous !== SLASH;
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function childOf(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

/** Whether an error carries this code, by whatever class it comes. */
export function hasCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

export function isMaybeApplied(error: unknown): boolean {
  return error instanceof Error && 'maybeApplied' in error && error.maybeApplied === true;
}
