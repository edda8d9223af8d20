import type { Acl, Stat } from '@zk/model';
import { CreateMode, OPEN_ACL_UNSAFE, OpCode, Xid } from '@zk/model';
import type { Transport } from '@zk/contracts';
import type {
  ClientInfo,
  Create2Response,
  GetACLResponse,
  GetChildren2Response,
  GetDataResponse,
  MultiOp,
  MultiReadOp,
  MultiReadResult,
  MultiResult,
  ReconfigRequest,
  SetWatches,
  SetWatches2,
} from '@zk/jute';
import { utf8Bytes } from '@zk/jute';
import type { ConnectOptions } from './client-connection.js';
import { ClientConnection } from './client-connection.js';

/** Data of a znode; a text stands for its UTF-8 bytes. */
export type Data = string | Uint8Array | null;

export interface CreateOptions {
  /** Default: persistent. */
  readonly flags?: number;
  /** Default: everybody may do everything. */
  readonly acl?: readonly Acl[] | null;
}

/**
 * One method per operation of the protocol. Each sends one frame at once and waits for its reply; calling several
 * without awaiting them pipelines them.
 *
 * Every method rejects with KeeperError when the server answers with an error code, and with ConnectionClosedError when
 * the connection ends first.
 */
export class RawClient extends ClientConnection {
  /**
   * @throws KeeperError SESSIONEXPIRED when the server refuses the session
   * @throws ConnectionClosedError when the server closes without an answer
   */
  static async connect(transport: Transport, options: ConnectOptions): Promise<RawClient> {
    const { frames, session } = await ClientConnection.openSession(transport, options);
    return new RawClient(frames, session);
  }

  /** The path of the znode, which a sequential flag makes longer than the one asked for. */
  async create(path: string, data: Data = null, options: CreateOptions = {}): Promise<string> {
    return (await this.call('create', createRequest(path, data, options))).path;
  }

  create2(path: string, data: Data = null, options: CreateOptions = {}): Promise<Create2Response> {
    return this.call('create2', createRequest(path, data, options));
  }

  createContainer(path: string, data: Data = null, options: CreateOptions = {}): Promise<Create2Response> {
    return this.call('createContainer', createRequest(path, data, { flags: CreateMode.container, ...options }));
  }

  createTTL(path: string, ttlMs: number, data: Data = null, options: CreateOptions = {}): Promise<Create2Response> {
    const request = createRequest(path, data, { flags: CreateMode.persistentWithTtl, ...options });
    return this.call('createTTL', { ...request, ttl: BigInt(ttlMs) });
  }

  delete(path: string, version = -1): Promise<void> {
    return this.call('delete', { path, version });
  }

  async exists(path: string, watch = false): Promise<Stat> {
    return (await this.call('exists', { path, watch })).stat;
  }

  getData(path: string, watch = false): Promise<GetDataResponse> {
    return this.call('getData', { path, watch });
  }

  async setData(path: string | null, data: Data, version = -1): Promise<Stat> {
    return (await this.call('setData', { path, data: dataBytes(data), version })).stat;
  }

  getACL(path: string): Promise<GetACLResponse> {
    return this.call('getACL', { path });
  }

  async setACL(path: string | null, acl: readonly Acl[] | null, version = -1): Promise<Stat> {
    return (await this.call('setACL', { path, acl, version })).stat;
  }

  async getChildren(path: string, watch = false): Promise<readonly string[]> {
    return (await this.call('getChildren', { path, watch })).children;
  }

  getChildren2(path: string, watch = false): Promise<GetChildren2Response> {
    return this.call('getChildren2', { path, watch });
  }

  async getAllChildrenNumber(path: string): Promise<number> {
    return (await this.call('getAllChildrenNumber', { path })).totalNumber;
  }

  async getEphemerals(prefixPath: string | null = null): Promise<readonly string[]> {
    return (await this.call('getEphemerals', { prefixPath })).ephemerals;
  }

  async sync(path: string | null = '/'): Promise<string | null> {
    return (await this.call('sync', { path })).path;
  }

  /** A failed multi does not reject: its results say what failed. */
  async multi(ops: readonly MultiOp[]): Promise<readonly MultiResult[]> {
    return (await this.call('multi', { ops })).results;
  }

  async multiRead(ops: readonly MultiReadOp[]): Promise<readonly MultiReadResult[]> {
    return (await this.call('multiRead', { ops })).results;
  }

  setWatches(watches: Partial<SetWatches>): Promise<void> {
    return this.call('setWatches', { ...NO_WATCHES, ...watches }, Xid.setWatches);
  }

  setWatches2(watches: Partial<SetWatches2>): Promise<void> {
    return this.call('setWatches2', { ...NO_WATCHES, ...watches }, Xid.setWatches);
  }

  /** `mode` is an AddWatchMode. */
  async addWatch(path: string, mode: number): Promise<void> {
    await this.call('addWatch', { path, mode });
  }

  /** `type` is a WatcherType. */
  removeWatches(path: string, type: number): Promise<void> {
    return this.call('removeWatches', { path, type });
  }

  /** `type` is a WatcherType. */
  checkWatches(path: string, type: number): Promise<void> {
    return this.call('checkWatches', { path, type });
  }

  auth(scheme: string | null, auth: Data): Promise<void> {
    return this.call('auth', { type: 0, scheme, auth: dataBytes(auth) }, Xid.auth);
  }

  async whoAmI(): Promise<readonly ClientInfo[]> {
    return (await this.call('whoAmI', undefined)).clientInfo;
  }

  reconfig(change: Partial<ReconfigRequest>): Promise<GetDataResponse> {
    return this.call('reconfig', {
      joiningServers: null,
      leavingServers: null,
      newMembers: null,
      curConfigId: -1n,
      ...change,
    });
  }

  async ping(): Promise<void> {
    await this.request(OpCode.ping, undefined, Xid.ping);
  }
}

const NO_WATCHES: SetWatches2 = {
  relativeZxid: 0n,
  dataWatches: [],
  existWatches: [],
  childWatches: [],
  persistentWatches: [],
  persistentRecursiveWatches: [],
};

function dataBytes(data: Data): Uint8Array | null {
  return typeof data === 'string' ? utf8Bytes(data) : data;
}

function createRequest(path: string, data: Data, options: CreateOptions) {
  return {
    path,
    data: dataBytes(data),
    acl: options.acl === undefined ? OPEN_ACL_UNSAFE : options.acl,
    flags: options.flags ?? CreateMode.persistent,
  };
}
