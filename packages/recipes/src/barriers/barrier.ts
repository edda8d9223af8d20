import { type CallOptions, type ZkClient, type OptionRules, rules } from '@zk/client-api';
import type { Acl } from '@zk/model';
import { type CallScope, type ParentKind, firstOf, isNamed, requireRecipe, parentsRule } from '../support/index.js';
import { persistently, scoped } from '../values/scoped.js';

const EMPTY = new Uint8Array();

/**
 * A barrier that is closed while its znode exists: Curator's DistributedBarrier, and kazoo's Barrier (spec: recipes,
 * sections 5.1 and 14). The barrier belongs to nobody and outlives the session that closed it.
 *
 * Suspended: a wait goes on, and looks again when there is a connection. Lost: the same, in the next session. Cancelled,
 * out of time: the wait rejects, and its watch is removed. Setting and removing are repeated after a lost reply, which
 * does no harm unless somebody else does the opposite at the same moment.
 */
export class DistributedBarrier {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #options: BarrierOptions;

  constructor(client: ZkClient, path: string, options: BarrierOptions = {}) {
    this.#options = requireRecipe('a DistributedBarrier', client, path, options, barrierRules);
    this.path = path;
    this.#client = client;
  }

  /** Closes the barrier. Content when it is closed already. */
  set(options: CallOptions = {}): Promise<void> {
    const { data = EMPTY, parents = 'container', acl } = this.#options;
    return this.#scoped(options, async (scope) => {
      const { signal } = scope;
      await persistently(this.#client, scope, () =>
        this.#client.create(this.path, data, {
          parents,
          ifExists: 'keep',
          signal,
          ...(acl === undefined ? {} : { acl }),
        }),
      );
    });
  }

  /** Opens it. Content when it is open already. */
  remove(options: CallOptions = {}): Promise<void> {
    return this.#scoped(options, (scope) =>
      persistently(this.#client, scope, () =>
        this.#client.delete(this.path, { ifMissing: 'ignore', signal: scope.signal }),
      ),
    );
  }

  isClosed(options: CallOptions = {}): Promise<boolean> {
    return this.#scoped(options, (scope) =>
      persistently(
        this.#client,
        scope,
        async () => (await this.#client.exists(this.path, { signal: scope.signal })) !== null,
      ),
    );
  }

  /**
   * Resolves once the barrier is open. Without `timeout` it waits as long as it takes.
   * @throws OperationTimeoutError, CancelledError
   */
  wait(options: CallOptions = {}): Promise<void> {
    return scoped(this.#client, this.path, options, async (scope) => {
      while (await existsUntilChange(this.#client, this.path, scope));
    });
  }

  #scoped<R>(options: CallOptions, body: (scope: CallScope) => Promise<R>): Promise<R> {
    return scoped(this.#client, this.path, options, body, '30s');
  }
}

export interface BarrierOptions {
  /** Written into the znode; nobody reads it. Default: nothing (Curator writes the address of the host). */
  readonly data?: Uint8Array | undefined;
  /** What missing parents are created as; default: containers. */
  readonly parents?: ParentKind | undefined;
  readonly acl?: readonly Acl[] | undefined;
}

const barrierRules: OptionRules<BarrierOptions> = { data: rules.bytes, parents: parentsRule, acl: rules.acl };

/**
 * False when there is no such znode. Otherwise true, but only after something happened to it or to the watch. By reading
 * it rather than asking whether it exists, no watch is left behind when it does not.
 */
export async function existsUntilChange(
  client: ZkClient,
  path: string,
  scope: CallScope,
  ...others: readonly AbortSignal[]
): Promise<boolean> {
  const { signal } = scope;
  const watched = await persistently(client, scope, () =>
    client.getAndWatch(path, { signal }).catch((error: unknown) => {
      if (isNamed(error, 'NONODE')) return undefined;
      throw error;
    }),
  );
  if (watched === undefined) return false;
  try {
    await firstOf({ signals: [signal, ...others], promises: [watched.fired] });
    if (signal.aborted) throw signal.reason;
    return true;
  } finally {
    watched.cancel();
  }
}
