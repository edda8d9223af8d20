import {
  type CallOptions,
  type Codec,
  type ZkClient,
  type OptionRule,
  type OptionRules,
  requireOptions,
  rules,
} from '@zk/client-api';
import { childPath, closedErrorOf, isNamed, requirePath, uuid36, requireRecipe } from '../support/index.js';
import { ServiceCache } from './service-cache.js';
import { type PayloadCodec, type ServiceInstance, serviceInstanceCodec } from './service-instance.js';
import { ServiceProvider, type ServiceProviderOptions } from './service-provider.js';
import { ServiceRegistration } from './service-registration.js';

export interface ServiceDiscoveryOptions<P = unknown> {
  /** Default: payloads are JSON, as they are. */
  readonly payload?: PayloadCodec<P> | undefined;
  /** Writes the field `enabled`, as Curator with its compatible mode off. Default false, as Curator's. */
  readonly withEnabled?: boolean | undefined;
  /** Takes over what others write into the nodes of our own instances, e.g. to disable one. Default false. */
  readonly watchInstances?: boolean | undefined;
}

const discoveryRules: OptionRules<ServiceDiscoveryOptions> = {
  payload: rules.methods('a codec of payloads', 'encode', 'decode'),
  withEnabled: rules.flag,
  watchInstances: rules.flag,
};

/** What must be said of an instance; the rest has defaults. */
export type ServiceInstanceInit<P = unknown> = Pick<ServiceInstance<P>, 'name'> & Partial<ServiceInstance<P>>;

const orNull = (rule: OptionRule): OptionRule => ({ ...rule, isMet: (value) => value === null || rule.isMet(value) });

const instanceRules: OptionRules<ServiceInstance> = {
  name: rules.name,
  id: rules.name,
  address: orNull(rules.text),
  port: orNull(rules.integer(0)),
  sslPort: orNull(rules.integer(0)),
  payload: rules.value,
  registrationTimeMs: rules.integer(0),
  serviceType: rules.oneOf('DYNAMIC', 'STATIC', 'PERMANENT', 'DYNAMIC_SEQUENTIAL'),
  uriSpec: orNull(rules.methods('a UriSpec, as UriSpec.parse makes', 'build')),
  enabled: rules.flag,
};

/**
 * Who offers what, and where: Curator's service discovery, with its paths (`BASE/service/id`) and its JSON, so that
 * programs with Curator and ours find each other (spec: recipes, section 10).
 *
 * Suspended: our instances stay registered as long as the session may live. Lost: they are gone for the others, and are
 * registered again in the next session. Cancelled or timed out: a registration that was begun is withdrawn.
 */
export class ServiceDiscovery<P = unknown> implements AsyncDisposable {
  readonly codec: Codec<ServiceInstance<P>>;
  readonly #client: ZkClient;
  readonly #basePath: string;
  readonly #watchInstances: boolean;
  readonly #registrations = new Set<ServiceRegistration<P>>();
  #isClosed = false;

  constructor(client: ZkClient, basePath: string, options: ServiceDiscoveryOptions<P> = {}) {
    requireRecipe('a ServiceDiscovery', client, basePath, options, discoveryRules);
    this.#client = client;
    this.#basePath = basePath;
    this.#watchInstances = options.watchInstances === true;
    this.codec = serviceInstanceCodec<P>(options);
  }

  /**
   * Registers an instance until it is unregistered, or this object or the client is closed. Defaults: a random id, now,
   * DYNAMIC, enabled, everything else null. There is no default for the address: this package does not ask the host.
   *
   * @throws what the server refuses; OperationTimeoutError, CancelledError, ClientClosedError, RecipeClosedError
   */
  async register(init: ServiceInstanceInit<P>, options: CallOptions = {}): Promise<ServiceRegistration<P>> {
    if (this.#isClosed) throw closedErrorOf(this.#client, 'ServiceDiscovery', this.#basePath);
    const instance = this.#complete(init);
    const path = childPath(this.#servicePath(instance.name), instance.id);
    const registration = new ServiceRegistration<P>(this.#client, path, instance, {
      codec: this.codec,
      watch: this.#watchInstances,
    });
    this.#registrations.add(registration);
    registration.state$.subscribe({ complete: () => void this.#registrations.delete(registration) });
    try {
      await registration.start(options);
      return registration;
    } catch (error) {
      await registration.unregister();
      throw error;
    }
  }

  /** Names of services that have, or had, instances. */
  async names(options: CallOptions = {}): Promise<readonly string[]> {
    return [...(await this.#childrenOf(this.#basePath, options))].sort();
  }

  /** The instances of a service at this moment. What is not Curator's JSON is left out. */
  async instances(name: string, options: CallOptions = {}): Promise<readonly ServiceInstance<P>[]> {
    const path = this.#servicePath(name);
    const ids = [...(await this.#childrenOf(path, options))].sort();
    const found = await Promise.all(ids.map((id) => this.#read(childPath(path, id), options)));
    return found.filter((instance) => instance !== undefined);
  }

  /** @param id the name of its node */
  instance(name: string, id: string, options: CallOptions = {}): Promise<ServiceInstance<P> | undefined> {
    return this.#read(childPath(this.#servicePath(name), id), options);
  }

  /** To be started, and closed. */
  cache(name: string): ServiceCache<P> {
    return new ServiceCache(this.#client, this.#servicePath(name), this.codec);
  }

  /** To be started, and closed. */
  provider(name: string, options: ServiceProviderOptions<P> = {}): ServiceProvider<P> {
    return new ServiceProvider(this.#client.runtime, this.cache(name), options);
  }

  /** Unregisters all, and registers no more. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#registrations].map((registration) => registration.unregister()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #complete(init: ServiceInstanceInit<P>): ServiceInstance<P> {
    requireOptions('an instance', init, instanceRules, ['name']);
    const { clock, random } = this.#client.runtime;
    return {
      id: uuid36(random),
      address: null,
      port: null,
      sslPort: null,
      payload: null,
      registrationTimeMs: clock.wallMs(),
      serviceType: 'DYNAMIC',
      uriSpec: null,
      enabled: true,
      ...init,
    };
  }

  #servicePath(name: string): string {
    return requirePath(childPath(this.#basePath, name));
  }

  async #childrenOf(path: string, options: CallOptions): Promise<readonly string[]> {
    try {
      return (await this.#client.getChildren(path, options)).children;
    } catch (error) {
      if (isNamed(error, 'NONODE')) return [];
      throw error;
    }
  }

  async #read(path: string, options: CallOptions): Promise<ServiceInstance<P> | undefined> {
    let data: Uint8Array;
    try {
      ({ data } = await this.#client.get(path, options));
    } catch (error) {
      if (isNamed(error, 'NONODE')) return undefined;
      throw error;
    }
    try {
      return this.codec.decode(data);
    } catch {
      // Somebody else's node: not an instance.
      return undefined;
    }
  }
}
