import type { Duration, ZkClient } from '@zk/client-api';

/** What a suite of recipes runs on: some server, and whatever can be done to the way there. */
export interface RecipeRig {
  readonly name: string;
  /** A client of its own session, connected. The suite closes it. */
  createClient(options?: { readonly sessionTimeout?: Duration }): Promise<ZkClient>;
  /** Tests that need it are left out without it. */
  readonly faults?: RigFaults;
}

export interface RigFaults {
  /** Ends the session of a client at the server. */
  expireSession(client: ZkClient): Promise<void>;
  /** Breaks the connections of a client; it may connect again. */
  cut(client: ZkClient): void;
}

let count = 0;

/** A path that no other test uses, also on a server that keeps what earlier runs left. */
export function freshPath(client: ZkClient, what: string): string {
  const unique = Math.floor(client.runtime.random.next() * 2 ** 32).toString(36);
  return `/recipes-suite/${what}-${++count}-${unique}`;
}

/** Clients of one test, closed at its end. */
export class RigClients {
  readonly #clients: ZkClient[] = [];

  constructor(private readonly rig: RecipeRig) {}

  async open(options?: { readonly sessionTimeout?: Duration }): Promise<ZkClient> {
    const client = await this.rig.createClient(options);
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
  }
}

/** The names below a path, sorted; none where there is no path, as when it was a container that has become empty. */
export async function childrenOf(client: ZkClient, path: string): Promise<string[]> {
  try {
    return [...(await client.getChildren(path, { linearizable: true })).children].sort();
  } catch (error) {
    if (error instanceof Error && error.name === 'NONODE') return [];
    throw error;
  }
}

/** Looks again until it holds; fails by the time limit of the test. */
export async function eventually(claim: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await claim())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Resolves when the signal aborts, with its reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve(signal.reason);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));
}
