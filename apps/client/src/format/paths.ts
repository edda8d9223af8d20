/** Why a path is not valid, in the words of zkCli; undefined when it is. */
export function javaPathDefect(path: string): string | undefined {
  if (path.length === 0) return 'Path length must be > 0';
  if (path[0] !== '/') return 'Path must start with / character';
  if (path.length === 1) return undefined;
  if (path.endsWith('/')) return 'Path must not end with / character';
  const defect = defectInside(path);
  return defect === undefined ? undefined : `Invalid path string "${path}" caused by ${defect}`;
}

function defectInside(path: string): string | undefined {
  let last = '/';
  for (let i = 1; i < path.length; last = path[i] as string, i++) {
    const char = path[i] as string;
    const isLastOfName = i + 1 === path.length || path[i + 1] === '/';
    if (char === '\0') return `null character not allowed @${i}`;
    if (char === '/' && last === '/') return `empty node name specified @${i}`;
    if (char === '.' && last === '.' && path[i - 2] === '/' && isLastOfName) return `relative paths not allowed @${i}`;
    if (char === '.' && last === '/' && isLastOfName) return `relative paths not allowed @${i}`;
    if (isForbidden(char.charCodeAt(0))) return `invalid character @${i}`;
  }
  return undefined;
}

function isForbidden(unit: number): boolean {
  return unit <= 0x1f || (unit >= 0x7f && unit <= 0x9f) || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;
}

export function joinPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path below `root`: `''` for the root itself, else one that begins with a slash. */
export function relativeTo(root: string, path: string): string {
  return root === '/' ? (path === '/' ? '' : path) : path.slice(root.length);
}

/** The inverse of {@link relativeTo}. */
export function below(root: string, relative: string): string {
  if (relative === '' || relative === '/') return root;
  return root === '/' ? relative : root + relative;
}
