import { type CallOptions, type Codec, type ZkClient, bytes, utf8, type OptionRules, rules } from '@zk/client-api';
import { type Observable, Subject } from 'rxjs';
import { ChildrenCache } from '../caches/index.js';
import { EventStream } from '../caches/event-stream.js';
import { childPath, closedErrorOf, hex32, requireName, requirePath, requireRecipe } from '../support/index.js';
import { PersistentNode, type PersistentNodeState } from './persistent-node.js';

/**
 * How members are written (spec: recipes, sections 8.3 and 14):
 *
 *     curator        PATH/ID                           data: anything     Curator's GroupMember
 *     party          PATH/<32 hex digits>__party__     data: the id       kazoo's Party
 *     shallowParty   PATH/<32 hex digits>-ID           data: the id       kazoo's ShallowParty
 */
export type GroupDialect = 'curator' | 'party' | 'shallowParty';

export interface GroupMembershipOptions<T = Uint8Array> {
  /** Of this member. Default: 32 random hexadecimal digits. Two members of one id are one member, in Curator's layout. */
  readonly id?: string | undefined;
  /** What this member tells of itself, in Curator's layout; default: nothing. */
  readonly data?: T | undefined;
  readonly codec?: Codec<T> | undefined;
  /** Default `curator`. */
  readonly dialect?: GroupDialect | undefined;
}

const groupRules: OptionRules<GroupMembershipOptions<unknown>> = {
  id: rules.text,
  data: rules.value,
  codec: rules.codec,
  dialect: rules.oneOf('curator', 'party', 'shallowParty'),
};

export interface GroupMember<T = Uint8Array> {
  readonly id: string;
  readonly data: T;
}

const PARTY_MARKER = '__party__';

/**
 * Who is there: every member has an ephemeral node, and sees those of all. Reading needs no {@link join}.
 *
 * Suspended: the members are those that were last seen, and others may see us until our session is over. Lost: we are
 * gone for the others; with the next session we join again by ourselves. A lost reply never makes us two.
 */
export class GroupMembership<T = Uint8Array> implements AsyncDisposable {
  readonly id: string;
  /** Who is there, again after every change; a slow consumer of the iterable gets the newest. */
  readonly changes: EventStream<ReadonlyMap<string, GroupMember<T>>>;
  readonly #client: ZkClient;
  readonly #path: string;
  readonly #dialect: GroupDialect;
  readonly #codec: Codec<T>;
  readonly #cache: ChildrenCache<GroupMember<T>>;
  readonly #unique: string;
  #data: T | undefined;
  #node: PersistentNode | undefined;
  #isClosed = false;

  constructor(client: ZkClient, path: string, options: GroupMembershipOptions<T> = {}) {
    requireRecipe('a GroupMembership', client, path, options, groupRules);
    this.#client = client;
    this.#path = path;
    this.#dialect = options.dialect ?? 'curator';
    this.#codec = options.codec ?? (bytes as unknown as Codec<T>);
    this.#unique = hex32(client.runtime.random);
    this.id = options.id ?? this.#unique;
    this.#data = options.data;
    requirePath(childPath(path, requireName(this.#ownName)));
    this.#cache = new ChildrenCache(client, path, {
      codec: { encode: () => null, decode: (data) => this.#decode(data) },
      ...(this.#dialect === 'party' ? { filter: (name: string) => name.includes(PARTY_MARKER) } : {}),
    });
    const changes = new Subject<ReadonlyMap<string, GroupMember<T>>>();
    this.#cache.events.subscribe({
      next: (event) => {
        const isFirst = event.type === 'initialized';
        if (isFirst || this.#cache.status !== 'filling') changes.next(this.members());
      },
      complete: () => changes.complete(),
    });
    this.changes = new EventStream(changes, { bufferSize: 1, overflow: 'latest' });
  }

  /** Of our own node. */
  get state(): PersistentNodeState {
    return this.#node?.state ?? 'new';
  }

  /** Of our own node, once {@link join} was called. */
  get state$(): Observable<PersistentNodeState> | undefined {
    return this.#node?.state$;
  }

  /** Reads who is there; resolves when that is known. @throws as {@link ChildrenCache.start} */
  async start(options: CallOptions = {}): Promise<void> {
    await this.#cache.start(options);
  }

  /**
   * Becomes a member, and stays one until {@link leave}; resolves when the others can see it.
   * @throws as {@link PersistentNode.waitForInitialCreate}; it goes on trying. RecipeClosedError when it was closed
   */
  async join(options: CallOptions = {}): Promise<void> {
    if (this.#isClosed) throw closedErrorOf(this.#client, 'GroupMembership', this.#path);
    this.#node ??= new PersistentNode(this.#client, childPath(this.#path, this.#ownName), this.#ownData(), {
      mode: 'ephemeral',
      protection: false,
      // kazoo remembers that the parent is there, and would fail if it went away.
      parents: this.#dialect === 'curator' ? 'container' : 'persistent',
    }).start();
    await this.#node.waitForInitialCreate(options);
  }

  /** Stops being a member. Idempotent. */
  async leave(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    await node?.close();
  }

  /** Tells something else of this member. Curator's layout only: in kazoo's the data is the id. */
  async setData(data: T, options: CallOptions = {}): Promise<void> {
    if (this.#dialect !== 'curator') throw new TypeError(`a member of a ${this.#dialect} has no data but its id`);
    this.#data = data;
    await this.#node?.setData(this.#ownData(), options);
  }

  /** By id, in the order of ids. With this member, once it has joined, also before its node is seen. */
  members(): ReadonlyMap<string, GroupMember<T>> {
    const members = [...this.#cache].map(([name, { data }]) => ({ ...data, id: this.#idOf(name, data.id) }));
    const isMissing = this.#node !== undefined && !members.some(({ id }) => id === this.id);
    if (isMissing) members.push({ id: this.id, data: this.#data as T });
    return new Map(members.sort((a, b) => (a.id < b.id ? -1 : 1)).map((member) => [member.id, member]));
  }

  /** Leaves, and stops looking. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.leave(), this.#cache.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #ownName(): string {
    if (this.#dialect === 'party') return this.#unique + PARTY_MARKER;
    return this.#dialect === 'shallowParty' ? `${this.#unique}-${this.id}` : this.id;
  }

  #ownData(): Uint8Array {
    const data = this.#dialect !== 'curator' ? utf8.encode(this.id) : this.#encodeOwn();
    return data ?? new Uint8Array();
  }

  #encodeOwn(): Uint8Array | null {
    return this.#data === undefined ? null : this.#codec.encode(this.#data);
  }

  /** What the data says; `id` is the id in a party, and is replaced by the one in the name otherwise. */
  #decode(data: Uint8Array | null): GroupMember<T> {
    const id = this.#dialect === 'party' ? utf8.decode(data) : '';
    return { id, data: this.#dialect === 'curator' ? this.#codec.decode(data) : (undefined as T) };
  }

  #idOf(name: string, idInData: string): string {
    if (this.#dialect === 'party') return idInData;
    return this.#dialect === 'shallowParty' ? name.slice(name.indexOf('-') + 1) : name;
  }
}
