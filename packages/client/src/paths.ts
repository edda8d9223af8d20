import { BadArgumentsError } from '@zk/client-api';
import { ErrorCode, pathDefect } from '@zk/model';

const SLASH = 0x2f;
const DOT = 0x2e;

/** Why a path, with what the server appends to it, cannot be used, as an error; undefined when it can. */
export function badPath(path: string, appended = ''): BadArgumentsError | undefined {
  if (typeof path !== 'string') return badArguments(path, `a path is a string, not ${typeof path}`);
  const whole = path + appended;
  if (isPlain(whole)) return undefined;
  const defect = pathDefect(whole);
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
