import { pathDefect } from '@zk/model';

/** The path of a child: `/a` and `b` give `/a/b`, `/` and `b` give `/b`. */
export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** The path above; `/` for a path of one element and for `/` itself. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** The last element of a path. */
export function nodeName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * For constructors, where a mistake in a path is a mistake in the program.
 * @throws RangeError when the path is not valid, TypeError when it is no string
 */
export function requirePath(path: string): string {
  if (typeof path !== 'string') throw new TypeError(`a path is a string, not ${typeof path}`);
  const defect = pathDefect(path);
  if (defect !== undefined) throw new RangeError(`"${path}" is not a valid path: ${defect}`);
  return path;
}

/**
 * For what is to be the name of one child.
 * @throws RangeError when it would be a path
 */
export function requireName(name: string): string {
  if (name.includes('/')) throw new RangeError(`"${name}" is not a name: a slash would make it several`);
  return name;
}
