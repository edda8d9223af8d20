import type { Acl } from '@zk/model';
import {
  type CallOptions,
  type CreateOptions,
  type Created,
  type WriteOp,
  type WriteResults,
  type ZkClient,
  type OptionRules,
  requireOptions,
  rules,
} from '@zk/client-api';
import { type ParentKind, ensurePath, isNamed, requirePath, requireClient, parentsRule } from '../support/index.js';
import { ClientView } from './client-view.js';

export interface NamespaceOptions {
  /** What its elements become where they are missing; default `container`, as Curator. */
  readonly as?: ParentKind | undefined;
  readonly acl?: readonly Acl[] | undefined;
}

const namespaceRules: OptionRules<NamespaceOptions> = { as: parentsRule, acl: rules.acl };

/**
 * A view of a client below a path that is made when it is needed; as Curator's `usingNamespace`. Unlike a plain
 * `chroot`, creating something in it works also when the path does not exist yet, or has been removed by the server
 * since, being an empty container. Only creating makes it: reading below a namespace that does not exist is NONODE.
 *
 * @param name without a leading slash, e.g. `app/ns`
 * @throws RangeError when that is no path
 */
export function namespace(client: ZkClient, name: string, options: NamespaceOptions = {}): ZkClient {
  requireClient('a namespace', client);
  requireOptions('a namespace', options, namespaceRules);
  return new Namespace(client, client, requirePath(`/${name}`), '', options);
}

class Namespace extends ClientView {
  readonly #outer: ZkClient;
  readonly #root: string;
  readonly #below: string;
  readonly #options: NamespaceOptions;
  #ensuring: Promise<void> | undefined;

  /** @param below chroots taken within the namespace; they are not made */
  constructor(outer: ZkClient, view: ZkClient, root: string, below: string, options: NamespaceOptions) {
    super(below === '' ? view.chroot(root) : view);
    this.#outer = outer;
    this.#root = root;
    this.#below = below;
    this.#options = options;
  }

  protected override viewOf(client: ZkClient, path: string): ZkClient {
    return new Namespace(this.#outer, client, this.#root, this.#below + path, this.#options);
  }

  protected override async rawCreate(
    path: string,
    data: Uint8Array | null,
    options: Omit<CreateOptions, 'codec'>,
  ): Promise<Created> {
    await this.#ensure();
    try {
      return await super.rawCreate(path, data, options);
    } catch (error) {
      if (!isNamed(error, 'NONODE')) throw error;
      this.#ensuring = undefined;
      await this.#ensure();
      return super.rawCreate(path, data, options);
    }
  }

  override async multi<const O extends readonly WriteOp[]>(
    operations: O,
    options?: CallOptions,
  ): Promise<WriteResults<O>> {
    if (operations.some(({ kind }) => kind === 'create')) await this.#ensure();
    return super.multi(operations, options);
  }

  async #ensure(): Promise<void> {
    this.#ensuring ??= ensurePath(this.#outer, this.#root, this.#options);
    try {
      await this.#ensuring;
    } catch (error) {
      this.#ensuring = undefined;
      throw error;
    }
  }
}
