import type { ZkClient } from '@zk/client-api';
import type { Acl, Stat } from '@zk/model';
import { rawData } from '../format/data.js';
import { joinPath } from '../format/paths.js';

/** A znode met on a walk. */
export interface Visited {
  readonly path: string;
  /** 0 for the root of the walk. */
  readonly depth: number;
  /** Names of its children, sorted. */
  readonly children: readonly string[];
  readonly stat: Stat | undefined;
  /** What was asked for with `reads`. */
  readonly data: Uint8Array | null | undefined;
  readonly acl: readonly Acl[] | undefined;
  /** Why nothing is known of it. */
  readonly error: Error | undefined;
}

export interface WalkOptions {
  /** What to read besides the children; a znode without any is not listed then, which saves a request. */
  readonly reads?: { readonly data: true; readonly acl?: boolean };
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
  const { maxDepth = Infinity, signal, concurrency = DEFAULT_CONCURRENCY, reads } = options;
  const look = reads === undefined ? listing : reading(reads.acl === true);
  const list = (path: string): Promise<Listing> => look(client, path);
  const gate = new AbortGate(signal);
  // A stack, the next one last. A listing is begun when the entry is among the next ones to come.
  const stack: Entry[] = [{ path: root, depth: 0, pending: undefined }];
  while (stack.length > 0) {
    signal?.throwIfAborted();
    askAhead(stack, list, concurrency);
    const entry = stack.pop() as Entry;
    const { children, stat, data, acl, error } = await gate.wait(entry.pending as Promise<Listing>);
    if (error !== undefined && (entry.depth === 0 || !isAboutOneNode(error))) throw error;
    if (error?.name === 'NONODE') continue;
    yield { path: entry.path, depth: entry.depth, children, stat, data, acl, error };
    if (entry.depth >= maxDepth) continue;
    for (let i = children.length - 1; i >= 0; i--) {
      stack.push({ path: joinPath(entry.path, children[i] as string), depth: entry.depth + 1, pending: undefined });
    }
  }
}

/**
 * Ends a wait when a signal aborts. One listener for the whole walk: a signal with a listener for each of hundreds of
 * requests is slow, and reads that nobody waits for any more do no harm.
 */
class AbortGate {
  private end: ((reason: unknown) => void) | undefined;

  constructor(signal: AbortSignal | undefined) {
    signal?.addEventListener('abort', () => this.end?.(signal.reason), { once: true });
  }

  wait<T>(pending: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.end = reject;
      pending.then(resolve, reject);
    });
  }
}

interface Entry {
  readonly path: string;
  readonly depth: number;
  pending: Promise<Listing> | undefined;
}

type Listing = Omit<Visited, 'path' | 'depth'>;

const NOTHING: Listing = { children: [], stat: undefined, data: undefined, acl: undefined, error: undefined };

function askAhead(stack: readonly Entry[], list: (path: string) => Promise<Listing>, concurrency: number): void {
  // Refilled when half of them are used up, so that there is no pause between one lot and the next.
  const top = stack.at(-1) as Entry;
  const half = stack[Math.max(0, stack.length - (concurrency >> 1))] as Entry;
  if (top.pending !== undefined && half.pending !== undefined) return;
  const first = Math.max(0, stack.length - concurrency);
  for (let i = stack.length - 1; i >= first; i--) {
    const entry = stack[i] as Entry;
    entry.pending ??= list(entry.path);
  }
}

/** Never rejects, so that nobody has to wait for it. */
async function listing(client: ZkClient, path: string): Promise<Listing> {
  try {
    const { children, stat } = await client.getChildren(path);
    return { ...NOTHING, children: [...children].sort(), stat };
  } catch (error) {
    return { ...NOTHING, error: error as Error };
  }
}

/** As {@link listing}, of data, and the access control list when that is wanted. */
function reading(withAcl: boolean): typeof listing {
  return async (client, path) => {
    try {
      const [{ data, stat }, access] = await Promise.all([
        client.get(path, { codec: rawData }),
        withAcl ? client.getAcl(path) : undefined,
      ]);
      const children = stat.numChildren === 0 ? [] : [...(await client.getChildren(path)).children].sort();
      return { children, stat, data, acl: access?.acl, error: undefined };
    } catch (error) {
      return { ...NOTHING, error: error as Error };
    }
  };
}

function isAboutOneNode(error: Error): boolean {
  return error.name === 'NONODE' || error.name === 'NOAUTH';
}
