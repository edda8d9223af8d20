import { type ZkClient, utf8 } from '@zk/client-api';
import { childPath, isNamed } from '../support/index.js';
import type { MaxLeases } from './lease-limit.js';
import { mutexRules } from './mutex.js';
import type { QueueRules } from './queue.js';

/** Where a semaphore keeps what, and in which order things are done. */
export interface LeaseLayout {
  /** Of the inner lock. */
  readonly queue: QueueRules;
  readonly leasesPath: string;
  readonly lease: {
    readonly name: string;
    readonly mode: 'ephemeral' | 'ephemeralSequential';
    readonly parents: 'container' | 'persistent';
  };
  /** Whether a lease is created before there is room for it. */
  readonly isCreatedFirst: boolean;
  prepare(signal: AbortSignal): Promise<void>;
}

/** Others have created the semaphore with another number of leases. */
export class LeaseLimitError extends Error {
  override readonly name = 'LeaseLimitError';

  constructor(
    readonly path: string,
    readonly maxLeases: number,
    readonly found: number,
  ) {
    super(`${path} was created for ${found} leases, not ${maxLeases}: everybody must use the same number`);
  }
}

/** `PATH/locks` and `PATH/leases`. The limit is not stored. */
export function curatorLeases(path: string): LeaseLayout {
  return {
    queue: mutexRules(childPath(path, 'locks'), {}),
    leasesPath: childPath(path, 'leases'),
    lease: { name: 'lease-', mode: 'ephemeralSequential', parents: 'container' },
    isCreatedFirst: true,
    prepare: () => Promise.resolve(),
  };
}

/** Leases below `PATH` itself, which holds the limit as decimal text, and the inner lock beside it. */
export function kazooLeases(client: ZkClient, path: string, maxLeases: MaxLeases): LeaseLayout {
  if (typeof maxLeases !== 'number') throw new TypeError('kazoo knows no shared limit: give a number');
  let isPrepared = false;
  const prepare = async (signal: AbortSignal): Promise<void> => {
    if (isPrepared) return;
    try {
      await client.create(path, String(maxLeases), { codec: utf8, parents: 'persistent', signal });
    } catch (error) {
      if (!isNamed(error, 'NODEEXISTS')) throw error;
      const { data } = await client.get(path, { codec: utf8, signal });
      // What is not a number is not ours to judge; kazoo ignores it as well.
      if (/^\d+$/.test(data) && Number(data) !== maxLeases) throw new LeaseLimitError(path, maxLeases, Number(data));
    }
    isPrepared = true;
  };
  return {
    queue: mutexRules(`${path}-__lock__`, { dialect: 'kazoo' }),
    leasesPath: path,
    lease: { name: '', mode: 'ephemeral', parents: 'persistent' },
    isCreatedFirst: false,
    prepare,
  };
}
