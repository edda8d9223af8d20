import type { ZkClient } from '@zk/client-api';

type Methods = { [K in keyof ZkClient as ZkClient[K] extends (...args: never[]) => unknown ? K : never]: ZkClient[K] };

/**
 * A client that behaves as the given one, except where told otherwise: for what no fault on the wire can bring about at
 * the wanted moment.
 */
export function interfere(client: ZkClient, changed: Partial<Methods>): ZkClient {
  return new Proxy(client, {
    get: (target, key) => {
      if (key in changed) return changed[key as keyof Methods];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
