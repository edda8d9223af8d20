import {
  type CallOptions,
  type ClientRuntime,
  type Duration,
  durationMs,
  type OptionRules,
  requireOptions,
  rules,
} from '@zk/client-api';
import { type ProviderStrategy, roundRobin } from './provider-strategies.js';
import type { ServiceCache } from './service-cache.js';
import type { ServiceInstance } from './service-instance.js';

export interface ServiceProviderOptions<P = unknown> {
  /** Default: {@link roundRobin}. */
  readonly strategy?: ProviderStrategy<P> | undefined;
  /** Instances for which one of these is false are not used. */
  readonly filters?: readonly ((instance: ServiceInstance<P>) => boolean)[] | undefined;
  /**
   * After so many errors within so much time, counted from the first one, an instance is not used until that time is
   * over. Default: 2 within 30 s, as Curator. `false`: never.
   */
  readonly downAfter?: { readonly errors: number; readonly within: Duration } | false | undefined;
}

const providerRules: OptionRules<ServiceProviderOptions> = {
  strategy: rules.methods('a strategy, as roundRobin() makes', 'pick'),
  filters: { text: 'an array of functions', isShown: false, isMet: Array.isArray },
  downAfter: rules.either(rules.oneOf(false), rules.object),
};

/**
 * Finds an instance to call; as Curator's ServiceProvider: enabled, accepted by the filters, without too many errors.
 * Suspended and lost: as {@link ServiceCache}. Made by `ServiceDiscovery.provider`.
 */
export class ServiceProvider<P = unknown> implements AsyncDisposable {
  readonly cache: ServiceCache<P>;
  readonly #runtime: ClientRuntime;
  readonly #strategy: ProviderStrategy<P>;
  readonly #filters: readonly ((instance: ServiceInstance<P>) => boolean)[];
  readonly #errorsAllowed: number;
  readonly #withinMs: number;
  readonly #errors = new Map<string, { readonly sinceMs: number; count: number }>();

  constructor(runtime: ClientRuntime, cache: ServiceCache<P>, options: ServiceProviderOptions<P> = {}) {
    requireOptions('a ServiceProvider', options, providerRules);
    const { strategy = roundRobin<P>(), filters = [], downAfter = { errors: 2, within: '30s' } } = options;
    this.#runtime = runtime;
    this.cache = cache;
    this.#strategy = strategy;
    this.#filters = filters;
    this.#errorsAllowed = downAfter === false ? Infinity : downAfter.errors;
    this.#withinMs = downAfter === false ? 0 : durationMs(downAfter.within);
  }

  /** Resolves when the instances are known. @throws as {@link ServiceCache.start} */
  start(options: CallOptions = {}): Promise<void> {
    return this.cache.start(options);
  }

  /** The next instance by the strategy; undefined when there is none to use. */
  getInstance(): ServiceInstance<P> | undefined {
    return this.#strategy.pick(this.getInstances(), this.#runtime.random);
  }

  /** All that may be used. */
  getInstances(): readonly ServiceInstance<P>[] {
    this.#forgetOldErrors();
    return this.cache
      .instances()
      .filter(
        (instance) =>
          instance.enabled && !this.#isDown(instance) && this.#filters.every((accepts) => accepts(instance)),
      );
  }

  /** A call of this instance failed. */
  noteError(instance: Pick<ServiceInstance<P>, 'id'>): void {
    this.#forgetOldErrors();
    const known = this.#errors.get(instance.id);
    if (known === undefined) this.#errors.set(instance.id, { sinceMs: this.#runtime.clock.monotonicMs(), count: 1 });
    else known.count++;
  }

  close(): Promise<void> {
    return this.cache.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #isDown(instance: ServiceInstance<P>): boolean {
    return (this.#errors.get(instance.id)?.count ?? 0) >= this.#errorsAllowed;
  }

  #forgetOldErrors(): void {
    const nowMs = this.#runtime.clock.monotonicMs();
    for (const [id, { sinceMs }] of this.#errors) {
      if (nowMs - sinceMs >= this.#withinMs) this.#errors.delete(id);
    }
  }
}
