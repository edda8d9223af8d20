import type { ZkClient } from '@zk/client-api';
import type { Stat } from '@zk/model';
import { joinPath } from '../format/paths.js';

/** A znode met on a walk. */
export interface Visited {
  readonly path: string;
  /** 0 for the root of the walk. */
  readonly depth: number;
  /** Names of its children, sorted. */
  readonly children: readonly string[];
  readonly stat: Stat | undefined;
  /** Why its children are not known. */
  readonly error: Error | undefined;
}

export interface WalkOptions {
  readonly signal?: AbortSignal;
  /** Levels below the root; default: all. */
  readonly maxDepth?: number;
  /** Requests on their way at a time; default 512. */
  readonly concurrency?: number;
}

const DEFAULT_CONCURRENCY = 512;

/**
 * Everything below a znode, parents before children and siblings in order, depth first. Listings are asked for ahead,
 * many at a time, so that a walk costs few round trips; memory is bounded by what waits, not by the tree.
 *
 * A znode that has gone since its parent was listed is left out; one that may not be listed comes with its error.
 * @throws what the server answers for the root, and whatever else is no answer about one znode
 */
export async function* walk(client: ZkClient, root: string, options: WalkOptions = {}): AsyncGenerator<Visited> {
  const { maxDepth = Infinity, signal, concurrency = DEFAULT_CONCURRENCY } = options;
  const list = (path: string): Promise<Listing> => listing(client, path, signal);
  // A stack, the next one last. A listing is begun when the entry is among the next ones to come.
  const stack: Entry[] = [{ path: root, depth: 0, pending: undefined }];
  while (stack.length > 0) {
    signal?.throwIfAborted();
    askAhead(stack, list, concurrency);
    const entry = stack.pop() as Entry;
    const { children, stat, error } = await (entry.pending as Promise<Listing>);
    if (error !== undefined && (entry.depth === 0 || !isAboutOneNode(error))) throw error;
    if (error?.name === 'NONODE') continue;
    yield { path: entry.path, depth: entry.depth, children, stat, error };
    if (entry.depth >= maxDepth) continue;
    for (let i = children.length - 1; i >= 0; i--) {
      stack.push({ path: joinPath(entry.path, children[i] as string), depth: entry.depth + 1, pending: undefined });
    }
  }
}

interface Entry {
  readonly path: string;
  readonly depth: number;
  pending: Promise<Listing> | undefined;
}

interface Listing {
  readonly children: readonly string[];
  readonly stat: Stat | undefined;
  readonly error: Error | undefined;
}

function askAhead(stack: readonly Entry[], list: (path: string) => Promise<Listing>, concurrency: number): void {
  const first = Math.max(0, stack.length - concurrency);
  // The top of the stack is always asked; the others only when a good part of those asked has been used up.
  const top = stack.at(-1) as Entry;
  if (top.pending !== undefined) return;
  for (let i = stack.length - 1; i >= first; i--) {
    const entry = stack[i] as Entry;
    entry.pending ??= list(entry.path);
  }
}

/** Never rejects, so that nobody has to wait for it. */
async function listing(client: ZkClient, path: string, signal: AbortSignal | undefined): Promise<Listing> {
  try {
    const { children, stat } = await client.getChildren(path, signal === undefined ? {} : { signal });
    return { children: [...children].sort(), stat, error: undefined };
  } catch (error) {
    return { children: [], stat: undefined, error: error as Error };
  }
}

function isAboutOneNode(error: Error): boolean {
  return error.name === 'NONODE' || error.name === 'NOAUTH';
}
