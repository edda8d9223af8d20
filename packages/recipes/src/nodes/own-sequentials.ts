import type { ZkClient } from '@zk/client-api';
import type { SessionId } from '@zk/model';
import { childPath, isTransient, nodeName, parentPath, withRetry } from '../support/index.js';

const NUMBER = /^-?\d{9,10}$/;

/**
 * Sequential nodes without a unique prefix: which of them is the one whose create had no reply? One that belongs to the
 * present session, has the name and a number, and that no recipe on this client has already.
 */
export class OwnSequentials {
  static readonly #ofClients = new WeakMap<ZkClient, OwnSequentials>();
  readonly #client: ZkClient;
  readonly #claimed = new Set<string>();

  private constructor(client: ZkClient) {
    this.#client = client;
  }

  static of(client: ZkClient): OwnSequentials {
    const known = this.#ofClients.get(client) ?? new OwnSequentials(client);
    this.#ofClients.set(client, known);
    return known;
  }

  claim(path: string): void {
    this.#claimed.add(path);
  }

  release(path: string): void {
    this.#claimed.delete(path);
  }

  /** The list is preceded by a sync: the create may have been taken by another server than the one that lists. */
  async find(basePath: string, session: SessionId, signal: AbortSignal): Promise<string | undefined> {
    const parent = parentPath(basePath);
    const base = nodeName(basePath);
    return withRetry(
      this.#client.runtime,
      async () => {
        const { children } = await this.#client.getChildren(parent, { linearizable: true, signal });
        for (const name of children) {
          const path = childPath(parent, name);
          const isCandidate = name.startsWith(base) && NUMBER.test(name.slice(base.length));
          if (!isCandidate || this.#claimed.has(path)) continue;
          const stat = await this.#client.exists(path, { signal });
          if (stat?.ephemeralOwner === session) return path;
        }
        return undefined;
      },
      { signal, shouldRetry: isTransient },
    );
  }
}
