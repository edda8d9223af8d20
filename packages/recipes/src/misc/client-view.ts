import type {
  CallOptions,
  ClientRuntime,
  ClientSession,
  Codec,
  ConnectionState,
  CreateOptions,
  Created,
  DeleteOptions,
  GetOptions,
  NodeChildren,
  NodeData,
  ReadOp,
  ReadOptions,
  ReadResults,
  SetOptions,
  UpdateOptions,
  WatchOptions,
  WatchStream,
  Watched,
  WriteOp,
  WriteResults,
  ZkClient,
} from '@zk/client-api';
import type { Acl, Id, Stat } from '@zk/model';
import type { Observable } from 'rxjs';
import { requireCallOptions } from '../support/index.js';

type Data = Uint8Array | null;

/**
 * A client that passes everything on to another one: the ground for views, which change a few calls. They share the
 * connection and the session, and closing one does nothing.
 *
 * Codecs are applied here, so that what a view sees of data is bytes: it overrides the methods whose names begin with
 * `raw`, and {@link viewOf}.
 */
export abstract class ClientView implements ZkClient {
  protected constructor(protected readonly inner: ZkClient) {}

  /** The same view of a client that has another chroot. */
  protected abstract viewOf(client: ZkClient, path: string): ZkClient;

  get runtime(): ClientRuntime {
    return this.inner.runtime;
  }
  get state(): ConnectionState {
    return this.inner.state;
  }
  get state$(): Observable<ConnectionState> {
    return this.inner.state$;
  }
  get session(): ClientSession | undefined {
    return this.inner.session;
  }
  get session$(): Observable<ClientSession | undefined> {
    return this.inner.session$;
  }
  connected(options?: CallOptions): Promise<ClientSession> {
    return this.inner.connected(options);
  }
  async close(): Promise<void> {
    // The connection belongs to the client behind this view.
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
  chroot(path: string): ZkClient {
    return this.viewOf(this.inner.chroot(path), path);
  }

  async get<T = Uint8Array>(path: string, options: GetOptions<T> = {}): Promise<NodeData<T>> {
    requireCallOptions(options);
    const { codec, ...rest } = options;
    const { data, stat } = await this.rawGet(path, rest);
    return { data: decoderOf(codec)(data), stat };
  }

  async create<T = Data>(path: string, data?: T, options: CreateOptions<T> = {}): Promise<Created> {
    requireCallOptions(options);
    const { codec, ...rest } = options;
    return this.rawCreate(path, data === undefined ? null : encoderOf(codec)(data), rest);
  }

  async set<T = Data>(path: string, data: T, options: SetOptions<T> = {}): Promise<Stat> {
    requireCallOptions(options);
    const { codec, ...rest } = options;
    return this.rawSet(path, encoderOf(codec)(data), rest);
  }

  async update<T = Uint8Array>(
    path: string,
    change: (data: T) => T | Promise<T>,
    options: UpdateOptions<T> = {},
  ): Promise<NodeData<T>> {
    return this.rawUpdate(path, change, options);
  }

  exists(path: string, options?: ReadOptions): Promise<Stat | null> {
    return this.inner.exists(path, options);
  }
  getChildren(path: string, options?: ReadOptions): Promise<NodeChildren> {
    return this.inner.getChildren(path, options);
  }
  delete(path: string, options?: DeleteOptions): Promise<void> {
    return this.inner.delete(path, options);
  }
  multi<const O extends readonly WriteOp[]>(operations: O, options?: CallOptions): Promise<WriteResults<O>> {
    return this.inner.multi(operations, options);
  }
  multiRead<const O extends readonly ReadOp[]>(operations: O, options?: CallOptions): Promise<ReadResults<O>> {
    return this.inner.multiRead(operations, options);
  }
  getAcl(path: string, options?: CallOptions): Promise<{ readonly acl: readonly Acl[]; readonly stat: Stat }> {
    return this.inner.getAcl(path, options);
  }
  setAcl(
    path: string,
    acl: readonly Acl[],
    options?: CallOptions & { readonly version?: number | undefined },
  ): Promise<Stat> {
    return this.inner.setAcl(path, acl, options);
  }
  sync(path?: string, options?: CallOptions): Promise<void> {
    return this.inner.sync(path, options);
  }
  getEphemerals(prefix?: string, options?: CallOptions): Promise<readonly string[]> {
    return this.inner.getEphemerals(prefix, options);
  }
  countDescendants(path: string, options?: CallOptions): Promise<number> {
    return this.inner.countDescendants(path, options);
  }
  whoAmI(options?: CallOptions): Promise<readonly Id[]> {
    return this.inner.whoAmI(options);
  }
  addAuth(scheme: string, auth: Uint8Array | string, options?: CallOptions): Promise<void> {
    return this.inner.addAuth(scheme, auth, options);
  }
  getConfig(options?: ReadOptions): Promise<NodeData<Uint8Array>> {
    return this.inner.getConfig(options);
  }
  reconfig(change: Parameters<ZkClient['reconfig']>[0], options?: CallOptions): Promise<NodeData<Uint8Array>> {
    return this.inner.reconfig(change, options);
  }
  watch(path: string, options?: WatchOptions): WatchStream {
    return this.inner.watch(path, options);
  }
  getAndWatch(path: string, options?: CallOptions): Promise<Watched<NodeData<Uint8Array>>> {
    return this.inner.getAndWatch(path, options);
  }
  existsAndWatch(path: string, options?: CallOptions): Promise<Watched<Stat | null>> {
    return this.inner.existsAndWatch(path, options);
  }
  getChildrenAndWatch(path: string, options?: CallOptions): Promise<Watched<NodeChildren>> {
    return this.inner.getChildrenAndWatch(path, options);
  }

  protected rawGet(path: string, options: ReadOptions): Promise<NodeData<Data>> {
    return this.inner.get<Data>(path, { ...options, codec: rawCodec });
  }

  protected rawCreate(path: string, data: Data, options: Omit<CreateOptions, 'codec'>): Promise<Created> {
    return this.inner.create(path, data, options);
  }

  protected rawSet(path: string, data: Data, options: Omit<SetOptions, 'codec'>): Promise<Stat> {
    return this.inner.set(path, data, options);
  }

  protected rawUpdate<T>(
    path: string,
    change: (data: T) => T | Promise<T>,
    options: UpdateOptions<T>,
  ): Promise<NodeData<T>> {
    // Without a codec T is bytes, which the client assumes as well.
    const codec = options.codec ?? (rawCodec as Codec<unknown> as Codec<T>);
    return this.inner.update<T>(path, change, { ...options, codec });
  }
}

const EMPTY = new Uint8Array();

/** Data as it is: null stays null. */
export const rawCodec: Codec<Data> = Object.freeze({ encode: (data: Data) => data, decode: (data: Data) => data });

export function decoderOf<T>(codec: Codec<T> | undefined): (data: Data) => T {
  return codec === undefined ? (data) => (data ?? EMPTY) as T : (data) => codec.decode(data);
}

export function encoderOf<T>(codec: Codec<T> | undefined): (value: T) => Data {
  return codec === undefined ? (value) => value as Data : (value) => codec.encode(value);
}
