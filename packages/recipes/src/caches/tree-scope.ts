import { parentPath } from '../support/index.js';

/** Which znodes of a subtree belong to a mirror. */
export interface TreeLimits {
  /** 0 is the root alone. */
  readonly maxDepth: number;
  /** Znodes that are not accepted are left out, and all that is below them. Not asked about the root. */
  readonly accepts: ((path: string) => boolean) | undefined;
}

export class TreeScope {
  readonly #root: string;
  readonly #limits: TreeLimits;
  readonly #rootDepth: number;

  constructor(root: string, limits: TreeLimits) {
    this.#root = root;
    this.#limits = limits;
    this.#rootDepth = root === '/' ? 0 : slashes(root);
  }

  /** @param isIncluded of what is above, which then need not be asked about again */
  includes(path: string, isIncluded: (path: string) => boolean): boolean {
    if (!this.#isWithin(path) || this.#depthOf(path) > this.#limits.maxDepth) return false;
    if (this.#limits.accepts === undefined) return true;
    for (let at = path; at !== this.#root && !isIncluded(at); at = parentPath(at)) {
      if (!this.accepts(at)) return false;
    }
    return true;
  }

  /** Of one whose parent is included. */
  accepts(path: string): boolean {
    return this.#limits.accepts === undefined || path === this.#root || this.#limits.accepts(path);
  }

  /** Nothing below it is included. */
  isDeepest(path: string): boolean {
    return this.#depthOf(path) >= this.#limits.maxDepth;
  }

  #isWithin(path: string): boolean {
    const root = this.#root;
    return path === root || root === '/' || (path.startsWith(root) && path[root.length] === '/');
  }

  #depthOf(path: string): number {
    return path === '/' ? 0 : slashes(path) - this.#rootDepth;
  }
}

function slashes(path: string): number {
  let count = 0;
  for (let i = path.indexOf('/'); i >= 0; i = path.indexOf('/', i + 1)) count++;
  return count;
}
