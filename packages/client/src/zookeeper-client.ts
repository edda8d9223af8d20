import {
  type CallOptions,
  type ClientRuntime,
  type ClientSession,
  type Codec,
  type ConnectionState,
  type CreateOptions,
  type Created,
  type DeleteOptions,
  type GetOptions,
  type NodeChildren,
  type NodeData,
  type ReadOp,
  type ReadOptions,
  type ReadResults,
  type SetOptions,
  type UpdateOptions,
  type WatchOptions,
  type WatchStream,
  type Watched,
  type WriteOp,
  type WriteResults,
  type ZkClient,
  callOptionsDefect,
  isConnected,
  requireOptions,
} from '@zk/client-api';
import type {
  ClientInfo,
  GetACLResponse,
  GetAllChildrenNumberResponse,
  GetEphemeralsResponse,
  MultiReadResult,
  MultiResponse,
  SetACLResponse,
  WhoAmIResponse,
} from '@zk/jute';
import { type Acl, CreateMode, type Id, SYSTEM_PATHS, type Stat } from '@zk/model';
import type { Observable } from 'rxjs';
import type { ClientCore } from './client-core.js';
import type { FailedAttempt } from './machine/machine-ports.js';
import { Request, type RequestKind } from './machine/request.js';
import type { ClientMetrics } from './metrics.js';
import { Calls } from './operations/calls.js';
import { badCreate, createNode, isPlainCreate } from './operations/create.js';
import { deleteNode } from './operations/delete.js';
import { absolute, multiReadRequest, multiReadResults, multiRequest, multiResults } from './operations/multi.js';
import { updateNode } from './operations/update.js';
import { badAcl, badData, badFunction, badVersion } from './arguments.js';
import { type Reconfiguration, closeRules, reconfigRules } from './option-rules.js';
import { badPath } from './paths.js';
import type { OneShotWatch, WatchTable } from './watches/one-shot-watches.js';
import { childrenAndWatchKind, existsAndWatchKind, getAndWatchKind } from './watches/watch-kinds.js';
import { PathWatchStream } from './watches/watch-stream.js';
import * as kinds from './wire/kinds.js';

const ANY_VERSION = -1;
const ANY_CONFIG = -1n;

/** A client, or a view of one below a path. It says what is meant; how it gets there is the business of others. */
export class ZooKeeperClient implements ZkClient {
  private readonly calls: Calls;
  private readonly prefix: string;

  constructor(
    private readonly core: ClientCore,
    prefix: string,
    private readonly isView: boolean,
  ) {
    this.prefix = prefix;
    this.calls = new Calls(core, prefix);
  }

  get runtime(): ClientRuntime {
    return this.core.runtime;
  }

  get state(): ConnectionState {
    return this.core.state;
  }

  get state$(): Observable<ConnectionState> {
    return this.core.states.observable;
  }

  get session(): ClientSession | undefined {
    return this.core.session;
  }

  get session$(): Observable<ClientSession | undefined> {
    return this.core.sessions.observable;
  }

  /** What the client has done so far. */
  get metrics(): ClientMetrics {
    return this.core.metrics;
  }

  /** Attempts to connect that came to nothing, since the last one that did not. */
  get failedAttempts(): readonly FailedAttempt[] {
    return this.core.failedAttempts;
  }

  async connected(options?: CallOptions): Promise<ClientSession> {
    const { core } = this;
    const isReady = (): boolean =>
      isConnected(core.state) || (core.options.isReadOnlyAllowed && core.state === 'readOnly');
    await core.until(isReady, core.limitsOf(options));
    return core.session!;
  }

  async close(options?: { readonly keepSession?: boolean | undefined }): Promise<void> {
    const { keepSession = false } = requireOptions('a close', options ?? {}, closeRules);
    if (!this.isView) await this.core.close(keepSession);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  chroot(path: string): ZkClient {
    const defect = badPath(path);
    if (defect !== undefined) throw defect;
    return new ZooKeeperClient(this.core, path === '/' ? this.prefix : absolute(this.prefix, path), true);
  }

  get<T = Uint8Array>(path: string, options?: GetOptions<T>): Promise<NodeData<T>> {
    return this.read(kinds.getKind, path, options, options?.codec as Codec<unknown> | undefined);
  }

  exists(path: string, options?: ReadOptions): Promise<Stat | null> {
    return this.read(kinds.existsKind, path, options);
  }

  getChildren(path: string, options?: ReadOptions): Promise<NodeChildren> {
    return this.read(kinds.childrenKind, path, options);
  }

  create<T = Uint8Array>(path: string, data?: T | null, options?: CreateOptions<T>): Promise<Created> {
    const bytes = encoded(path, data, options?.codec);
    if (bytes instanceof EncodingFailure) return Promise.reject(bytes.thrown);
    if (!isPlainCreate(options as CreateOptions<never> | undefined)) {
      return createNode(this.calls, path, bytes, options as CreateOptions<never>);
    }
    const mode = options?.mode ?? 'persistent';
    const defect = badCreate(path, mode, options?.acl);
    if (defect !== undefined) return Promise.reject(defect);
    const request = new Request(kinds.createKind, this.prefix, path);
    request.data = bytes;
    request.acl = options?.acl ?? this.core.options.acl;
    request.number = CreateMode[mode];
    this.core.call(request, options);
    return request.outcome as Promise<Created>;
  }

  set<T = Uint8Array>(path: string, data: T | null, options?: SetOptions<T>): Promise<Stat> {
    const bytes = encoded(path, data, options?.codec);
    if (bytes instanceof EncodingFailure) return Promise.reject(bytes.thrown);
    const version = options?.version ?? ANY_VERSION;
    const defect = badPath(path) ?? badVersion(path, version);
    if (defect !== undefined) return Promise.reject(defect);
    const request = new Request(kinds.setKind, this.prefix, path);
    request.data = bytes;
    request.number = version;
    this.core.call(request, options);
    return request.outcome as Promise<Stat>;
  }

  delete(path: string, options?: DeleteOptions): Promise<void> {
    const version = options?.version ?? ANY_VERSION;
    const defect = badPath(path) ?? badVersion(path, version);
    if (defect !== undefined) return Promise.reject(defect);
    const isPlain = !(options?.ifMissing === 'ignore' || options?.recursive || options?.guaranteed);
    if (!isPlain) return deleteNode(this.calls, path, options);
    const request = new Request(kinds.deleteKind, this.prefix, path);
    request.number = version;
    this.core.call(request, options);
    return request.outcome as Promise<void>;
  }

  async update<T = Uint8Array>(
    path: string,
    change: (data: T) => T | Promise<T>,
    options?: UpdateOptions<T>,
  ): Promise<NodeData<T>> {
    reject(badPath(path) ?? badFunction(path, 'what changes the data', change));
    return updateNode(this.calls, path, change, options);
  }

  async multi<const O extends readonly WriteOp[]>(operations: O, options?: CallOptions): Promise<WriteResults<O>> {
    const ops = multiRequest(this.prefix, operations, this.core.options.acl);
    const response = await this.calls.one<MultiResponse>(kinds.multiKind, '/', options, { ops });
    return multiResults(this.prefix, operations, response) as unknown as WriteResults<O>;
  }

  async multiRead<const O extends readonly ReadOp[]>(operations: O, options?: CallOptions): Promise<ReadResults<O>> {
    const ops = multiReadRequest(this.prefix, operations);
    const results = await this.calls.one<MultiReadResult[]>(kinds.multiReadKind, '/', options, { ops });
    return multiReadResults(operations, results) as unknown as ReadResults<O>;
  }

  async getAcl(path: string, options?: CallOptions): Promise<{ readonly acl: readonly Acl[]; readonly stat: Stat }> {
    reject(badPath(path));
    const record = { path: absolute(this.prefix, path) };
    const { acl, stat } = await this.calls.one<GetACLResponse>(kinds.getAclKind, path, options, record);
    return { acl: acl ?? [], stat };
  }

  async setAcl(
    path: string,
    acl: readonly Acl[],
    options?: CallOptions & { readonly version?: number | undefined },
  ): Promise<Stat> {
    const version = options?.version ?? ANY_VERSION;
    reject(badPath(path) ?? badAcl(path, acl) ?? badVersion(path, version));
    const record = { path: absolute(this.prefix, path), acl, version };
    return (await this.calls.one<SetACLResponse>(kinds.setAclKind, path, options, record)).stat;
  }

  async sync(path = '/', options?: CallOptions): Promise<void> {
    reject(badPath(path));
    return this.calls.one(kinds.syncKind, path, options);
  }

  async getEphemerals(prefix = '/', options?: CallOptions): Promise<readonly string[]> {
    reject(badPath(prefix));
    const record = { prefixPath: absolute(this.prefix, prefix) };
    const response = await this.calls.one<GetEphemeralsResponse>(kinds.ephemeralsKind, prefix, options, record);
    const below = this.prefix === '' ? '' : `${this.prefix}/`;
    return response.ephemerals
      .filter((path) => path === this.prefix || path.startsWith(below))
      .map((path) => kinds.withoutPrefix(this.prefix, path));
  }

  async countDescendants(path: string, options?: CallOptions): Promise<number> {
    reject(badPath(path));
    const record = { path: absolute(this.prefix, path) };
    return (await this.calls.one<GetAllChildrenNumberResponse>(kinds.countKind, path, options, record)).totalNumber;
  }

  async whoAmI(options?: CallOptions): Promise<readonly Id[]> {
    const { clientInfo } = await this.calls.one<WhoAmIResponse>(kinds.whoAmIKind, '/', options);
    return clientInfo.map(({ authScheme, user }: ClientInfo) => ({ scheme: authScheme ?? '', id: user ?? '' }));
  }

  async addAuth(scheme: string, auth: Uint8Array | string, options?: CallOptions): Promise<void> {
    const { core } = this;
    const limits = core.limitsOf(options);
    let isSettled = false;
    const accepted = core.addCredential(scheme, auth).finally(() => (isSettled = true));
    await core.until(() => isSettled, limits, undefined, accepted);
    await accepted;
  }

  getConfig(options?: ReadOptions): Promise<NodeData<Uint8Array>> {
    return new ZooKeeperClient(this.core, '', true).get(SYSTEM_PATHS.config, options);
  }

  async reconfig(change: Reconfiguration, options?: CallOptions): Promise<NodeData<Uint8Array>> {
    requireOptions('a reconfiguration', change, reconfigRules);
    const joined = (servers: readonly string[] | undefined): string | null => servers?.join(',') ?? null;
    const record = {
      joiningServers: joined(change.joining),
      leavingServers: joined(change.leaving),
      newMembers: joined(change.newMembers),
      curConfigId: change.fromConfig ?? ANY_CONFIG,
    };
    return this.calls.one(kinds.reconfigKind, SYSTEM_PATHS.config, options, record);
  }

  watch(path: string, options: WatchOptions = {}): WatchStream {
    return new PathWatchStream(this.calls, path, options, badPath(path) ?? callOptionsDefect(options));
  }

  getAndWatch(path: string, options?: CallOptions): Promise<Watched<NodeData<Uint8Array>>> {
    return this.readAndWatch(getAndWatchKind, 'data', path, options);
  }

  existsAndWatch(path: string, options?: CallOptions): Promise<Watched<Stat | null>> {
    return this.readAndWatch(existsAndWatchKind, 'data', path, options);
  }

  getChildrenAndWatch(path: string, options?: CallOptions): Promise<Watched<NodeChildren>> {
    return this.readAndWatch(childrenAndWatchKind, 'children', path, options);
  }

  private read<T>(
    kind: RequestKind,
    path: string,
    options: ReadOptions | undefined,
    codec?: Codec<unknown>,
  ): Promise<T> {
    const defect = badPath(path);
    if (defect !== undefined) return Promise.reject(defect);
    const synced = options?.linearizable ? this.sync(path, options) : undefined;
    const request = new Request(kind, this.prefix, path);
    request.codec = codec;
    // What the sync has seen, only servers that are not behind it can show; another session may meet one that is.
    request.isOfSession = synced !== undefined;
    this.core.call(request, options);
    return (synced === undefined ? request.outcome : behind(synced, request)) as Promise<T>;
  }

  private async readAndWatch<T>(
    kind: RequestKind,
    table: WatchTable,
    path: string,
    options: CallOptions | undefined,
  ): Promise<Watched<T>> {
    reject(badPath(path));
    const watch = this.core.watches.oneShot.prepare(table, this.prefix, path);
    const request = new Request(kind, this.prefix, path);
    request.isWatching = !watch.isCovered;
    request.extra = watch;
    this.core.call(request, options);
    return new WatchedValue((await request.outcome) as T, watch);
  }
}

class WatchedValue<T> implements Watched<T> {
  readonly fired: Watched<T>['fired'];

  constructor(
    readonly value: T,
    private readonly watch: OneShotWatch,
  ) {
    this.fired = watch.fired;
  }

  cancel(): void {
    this.watch.cancel();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

/** What a codec has thrown, or why what it gave is no data. */
class EncodingFailure {
  constructor(readonly thrown: unknown) {}
}

function encoded<T>(
  path: string,
  data: T | null | undefined,
  codec: Codec<T> | undefined,
): Uint8Array | null | EncodingFailure {
  let bytes: unknown;
  try {
    bytes = codec === undefined ? (data ?? null) : codec.encode(data as T);
  } catch (error) {
    return new EncodingFailure(error);
  }
  const defect = badData(path, bytes);
  return defect === undefined ? (bytes as Uint8Array | null) : new EncodingFailure(defect);
}

/** The second, unless the first fails. Both are under way. */
async function behind(first: Promise<void>, second: Request): Promise<unknown> {
  second.promise.catch(() => undefined);
  await first;
  return await second.outcome;
}

/** In an async function a throw is a rejection. */
function reject(defect: Error | undefined): void {
  if (defect !== undefined) throw defect;
}
