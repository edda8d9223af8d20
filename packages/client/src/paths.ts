import { BadArgumentsError } from '@zk/client-api';
import { ErrorCode, pathDefect } from '@zk/model';

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
