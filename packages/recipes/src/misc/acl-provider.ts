import type {
  CallOptions,
  CreateOptions,
  Created,
  UpdateOptions,
  NodeData,
  WriteOp,
  WriteResults,
  ZkClient,
} from '@zk/client-api';
import type { Acl } from '@zk/model';
import { childPath, isNamed, parentPath, requireClient, requireFunction } from '../support/index.js';
import { ClientView } from './client-view.js';

/** Which ACL a new znode gets, by its path as the caller of the view says it; undefined for the client's default. */
export type AclProvider = (path: string) => readonly Acl[] | undefined;

/**
 * A view of a client in which every znode that is created without an ACL gets the one for its path, parents included;
 * as Curator's ACLProvider. Give it to recipes, and their nodes have it as well.
 */
export function withAcls(client: ZkClient, provider: AclProvider): ZkClient {
  requireClient('a view with ACLs', client);
  requireFunction('the provider of ACLs', provider);
  return new AclView(client, provider, '');
}

class AclView extends ClientView {
  readonly #provider: AclProvider;
  readonly #below: string;

  constructor(client: ZkClient, provider: AclProvider, below: string) {
    super(client);
    this.#provider = provider;
    this.#below = below;
  }

  protected override viewOf(client: ZkClient, path: string): ZkClient {
    return new AclView(client, this.#provider, this.#below + path);
  }

  override multi<const O extends readonly WriteOp[]>(operations: O, options?: CallOptions): Promise<WriteResults<O>> {
    const withAcl = operations.map((operation) =>
      operation.kind === 'create' && operation.acl === undefined
        ? { ...operation, acl: this.#aclOf(operation.path) }
        : operation,
    );
    return this.inner.multi(withAcl as unknown as O, options);
  }

  protected override async rawCreate(
    path: string,
    data: Uint8Array | null,
    options: Omit<CreateOptions, 'codec'>,
  ): Promise<Created> {
    const { parents, ...own } = options;
    const acl = options.acl ?? this.#aclOf(path);
    const complete = acl === undefined ? own : { ...own, acl };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.inner.create(path, data, complete);
      } catch (error) {
        // A parent may be a container that the server removes between two attempts.
        if (parents === undefined || attempt === 3 || !isNamed(error, 'NONODE')) throw error;
        await this.#createParents(path, parents, options);
      }
    }
  }

  protected override rawUpdate<T>(
    path: string,
    change: (data: T) => T | Promise<T>,
    options: UpdateOptions<T>,
  ): Promise<NodeData<T>> {
    const acl = options.create?.acl ?? this.#aclOf(path);
    const create = acl === undefined ? options.create : { ...options.create, acl };
    return super.rawUpdate(path, change, create === undefined ? options : { ...options, create });
  }

  /** Each with the ACL of its own path. */
  async #createParents(path: string, parents: 'container' | 'persistent', options: CallOptions): Promise<void> {
    const { signal, timeout } = options;
    const missing: string[] = [];
    const limits = { ...(signal === undefined ? {} : { signal }), ...(timeout === undefined ? {} : { timeout }) };
    for (let at = parentPath(path); at !== '/' && (await this.inner.exists(at, limits)) === null; at = parentPath(at)) {
      missing.unshift(at);
    }
    for (const parent of missing) {
      const acl = this.#aclOf(parent);
      const own = { ...limits, ifExists: 'keep', ...(acl === undefined ? {} : { acl }) } as const;
      try {
        await this.inner.create(parent, new Uint8Array(), { ...own, mode: parents });
      } catch (error) {
        // Servers before 3.5.1 have no containers.
        if (parents !== 'container' || !isNamed(error, 'UNIMPLEMENTED')) throw error;
        await this.inner.create(parent, new Uint8Array(), { ...own, mode: 'persistent' });
      }
    }
  }

  #aclOf(path: string): readonly Acl[] | undefined {
    return this.#provider(this.#below === '' ? path : childPath(this.#below, path.slice(1)).replace(/\/$/, ''));
  }
}
