import {
  BadVersionError,
  type CallOptions,
  type CreateOptions,
  type Created,
  type NodeData,
  OperationTimeoutError,
  type ReadOp,
  type ReadOptions,
  type ReadResults,
  type SetOptions,
  type UpdateOptions,
  type Watched,
  type WriteOp,
  type WriteResults,
  type ZkClient,
  type OptionRules,
  requireOptions,
  rules,
} from '@zk/client-api';
import { ErrorCode, type Stat } from '@zk/model';
import { CallScope, isNamed, mayHaveApplied, requireClient } from '../support/index.js';
import { ClientView, decoderOf, encoderOf } from './client-view.js';
import { type CompressionProvider, gzip } from './gzip.js';

export interface CompressionOptions {
  /** Default: {@link gzip} with what the platform offers. */
  readonly provider?: CompressionProvider | undefined;
  /** Which znodes, by their path as the caller says it, hold compressed data; default: all. */
  readonly filter?: ((path: string) => boolean) | undefined;
}

const compressionRules: OptionRules<CompressionOptions> = {
  provider: rules.methods('a provider, as gzip() makes', 'compress', 'decompress'),
  filter: rules.callback,
};

/**
 * A view of a client that compresses what it writes and restores what it reads; as Curator's `enableCompression`, whose
 * data it reads and writes. Nothing in a znode says that it is compressed, so all who use it must agree: what is not
 * makes reading it fail with a GzipError. Null stays null.
 */
export function compressed(client: ZkClient, options: CompressionOptions = {}): ZkClient {
  requireClient('a compressed view', client);
  requireOptions('a compressed view', options, compressionRules);
  return new CompressedView(client, options.provider ?? gzip(), options.filter ?? (() => true), '');
}

class CompressedView extends ClientView {
  readonly #provider: CompressionProvider;
  readonly #filter: (path: string) => boolean;
  readonly #below: string;

  constructor(client: ZkClient, provider: CompressionProvider, filter: (path: string) => boolean, below: string) {
    super(client);
    this.#provider = provider;
    this.#filter = filter;
    this.#below = below;
  }

  protected override viewOf(client: ZkClient, path: string): ZkClient {
    return new CompressedView(client, this.#provider, this.#filter, this.#below + path);
  }

  override async multi<const O extends readonly WriteOp[]>(
    operations: O,
    options?: CallOptions,
  ): Promise<WriteResults<O>> {
    const packed = await Promise.all(
      operations.map(async (operation) =>
        operation.kind === 'create' || operation.kind === 'set'
          ? { ...operation, data: await this.#compress(operation.path, operation.data) }
          : operation,
      ),
    );
    return this.inner.multi(packed as unknown as O, options);
  }

  override async multiRead<const O extends readonly ReadOp[]>(
    operations: O,
    options?: CallOptions,
  ): Promise<ReadResults<O>> {
    const results = await this.inner.multiRead(operations as readonly ReadOp[], options);
    const restored = await Promise.all(
      results.map(async (result, i) =>
        result.kind === 'get' ? { ...result, data: await this.#restore(operations[i]!.path, result.data) } : result,
      ),
    );
    return restored as unknown as ReadResults<O>;
  }

  override async getAndWatch(path: string, options?: CallOptions): Promise<Watched<NodeData<Uint8Array>>> {
    const watched = await this.inner.getAndWatch(path, options);
    try {
      const data = (await this.#restore(path, watched.value.data)) ?? new Uint8Array();
      return {
        value: { data, stat: watched.value.stat },
        fired: watched.fired,
        cancel: () => watched.cancel(),
        [Symbol.dispose]: () => watched.cancel(),
      };
    } catch (error) {
      watched.cancel();
      throw error;
    }
  }

  protected override async rawGet(path: string, options: ReadOptions): Promise<NodeData<Uint8Array | null>> {
    const { data, stat } = await super.rawGet(path, options);
    return { data: await this.#restore(path, data), stat };
  }

  protected override async rawCreate(
    path: string,
    data: Uint8Array | null,
    options: Omit<CreateOptions, 'codec'>,
  ): Promise<Created> {
    return super.rawCreate(path, await this.#compress(path, data), options);
  }

  protected override async rawSet(
    path: string,
    data: Uint8Array | null,
    options: Omit<SetOptions, 'codec'>,
  ): Promise<Stat> {
    return super.rawSet(path, await this.#compress(path, data), options);
  }

  /** As the client's, but codecs are synchronous and compression need not be. */
  protected override async rawUpdate<T>(
    path: string,
    change: (data: T) => T | Promise<T>,
    options: UpdateOptions<T>,
  ): Promise<NodeData<T>> {
    using scope = new CallScope(this.runtime, options);
    const { signal } = scope;
    const decode = decoderOf(options.codec);
    const encode = encoderOf(options.codec);
    for (let attempt = 1; ; attempt++) {
      try {
        const found = await this.#read(path, options, signal);
        const value = found === undefined ? options.initial! : decode(found.data);
        const changed = await change(value);
        const stat = await this.#write(path, encode(changed), found?.stat, changed === value, { ...options, signal });
        if (stat !== undefined) return { data: changed, stat };
      } catch (error) {
        if (scope.hasTimedOut) throw new OperationTimeoutError(path, scope.timeoutMs, mayHaveApplied(error));
        throw error;
      }
      if (attempt === options.maxAttempts) throw new BadVersionError(ErrorCode.BADVERSION, path);
    }
  }

  /** undefined when somebody else was quicker. */
  async #write<T>(
    path: string,
    data: Uint8Array | null,
    found: Stat | undefined,
    isSame: boolean,
    options: UpdateOptions<T>,
  ): Promise<Stat | undefined> {
    const { signal, create, initial } = options;
    const limits = signal === undefined ? {} : { signal };
    try {
      if (found === undefined) return (await this.rawCreate(path, data, { ...create, ...limits })).stat;
      return isSame ? found : await this.rawSet(path, data, { version: found.version, ...limits });
    } catch (error) {
      const wasCreated = found === undefined && isNamed(error, 'NODEEXISTS');
      const wasDeleted = found !== undefined && initial !== undefined && isNamed(error, 'NONODE');
      if (wasCreated || wasDeleted || isNamed(error, 'BADVERSION')) return undefined;
      throw error;
    }
  }

  /** undefined when there is none, and a value to start from. */
  async #read<T>(
    path: string,
    options: UpdateOptions<T>,
    signal: AbortSignal,
  ): Promise<NodeData<Uint8Array | null> | undefined> {
    try {
      return await this.rawGet(path, { signal });
    } catch (error) {
      if (options.initial === undefined || !isNamed(error, 'NONODE')) throw error;
      return undefined;
    }
  }

  async #compress(path: string, data: Uint8Array | null): Promise<Uint8Array | null> {
    return data === null || !this.#covers(path) ? data : this.#provider.compress(data, path);
  }

  async #restore(path: string, data: Uint8Array | null): Promise<Uint8Array | null> {
    return data === null || !this.#covers(path) ? data : this.#provider.decompress(data, path);
  }

  #covers(path: string): boolean {
    return this.#filter(this.#below + path);
  }
}
