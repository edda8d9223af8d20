import type { RandomSource } from '@zk/contracts';
import type { ServiceInstance } from './service-instance.js';

/** Which instance is next. One object per provider: it may remember. */
export interface ProviderStrategy<P = unknown> {
  /** @param instances those that may be used, in a stable order; maybe none */
  pick(instances: readonly ServiceInstance<P>[], random: RandomSource): ServiceInstance<P> | undefined;
}

/** One after the other. */
export function roundRobin<P = unknown>(): ProviderStrategy<P> {
  let next = 0;
  return {
    pick: (instances) => {
      if (instances.length === 0) return undefined;
      const index = next % instances.length;
      next = index + 1;
      return instances[index];
    },
  };
}

/** Any, all with the same probability. */
export function randomly<P = unknown>(): ProviderStrategy<P> {
  return { pick: (instances, random) => instances[Math.floor(random.next() * instances.length)] };
}

/** The same as long as it may be used; then another, chosen by `inner`. */
export function sticky<P = unknown>(inner: ProviderStrategy<P> = roundRobin<P>()): ProviderStrategy<P> {
  let current: string | undefined;
  return {
    pick: (instances, random) => {
      const same = instances.find(({ id }) => id === current);
      const picked = same ?? inner.pick(instances, random);
      current = picked?.id;
      return picked;
    },
  };
}
