import {
  type Clock,
  type RandomSource,
  type Scheduler,
  type Storage,
  type Transport,
  silentLogger,
} from '@zk/contracts';
import { utf8Bytes, utf8Text, writeLoggedTxn, RecordWriter } from '@zk/jute';
import { OPEN_ACL_UNSAFE, type Zxid } from '@zk/model';
import { EnsembleConfig } from '@zk/quorum';
import { MemoryStorage } from '@zk/storage-memory';
import { MemoryTransport } from '@zk/transport-memory';
import type { PeerOptions } from '@zk/zab';
import { filter, firstValueFrom } from 'rxjs';
import { type EnsembleEvent, EnsemblePeer, type EnsembleRole } from '../src/index.js';
import { TreeState } from './tree-state.js';

export const realClock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

export const realScheduler: Scheduler = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  atTurnEnd: (callback) => void setImmediate(callback),
};

export const fixedRandom: RandomSource = { next: () => 0.5 };

/** Short where a test would only wait; long where a loaded machine must not matter. */
export const quickly: Partial<PeerOptions> = {
  tickTimeMs: 2000,
  finalizeWaitMs: 50,
  minNotificationMs: 50,
  maxNotificationMs: 500,
};

export function configOf(
  count: number,
  observers: readonly number[] = [],
  ports: (id: number) => readonly [number, number] = (id) => [2180 + id, 3180 + id],
): EnsembleConfig {
  const lines = Array.from({ length: count }, (_, i) => {
    const role = observers.includes(i + 1) ? 'observer' : 'participant';
    return `server.${i + 1}=127.0.0.1:${ports(i + 1).join(':')}:${role}`;
  });
  return EnsembleConfig.parse(lines.join('\n'));
}

export function createTxn(zxid: Zxid, path: string, data: string): Uint8Array {
  const writer = new RecordWriter();
  writeLoggedTxn(writer, {
    header: { clientId: 0n, cxid: 0, zxid, time: 1_795_228_097_809n, type: 1 },
    body: {
      kind: 'create',
      path,
      data: utf8Bytes(data),
      acl: OPEN_ACL_UNSAFE,
      ephemeral: false,
      parentCVersion: Number(zxid & 0xffff_ffffn),
    },
  });
  return writer.bytes();
}

/** One server and what it keeps, through several lives. */
export class Member {
  readonly events: EnsembleEvent[] = [];
  /** Paths of this life whose creation was committed here. */
  readonly committed = new Set<string>();
  private readonly proposed = new Map<Zxid, string>();
  state: TreeState = new TreeState();
  onStopServing: () => void = () => undefined;
  /** Absent: there is no oracle. */
  isOtherVoterLost: (() => Promise<boolean>) | undefined;
  peer: EnsemblePeer | undefined;
  private lastZxid: Zxid = 0n;

  constructor(
    readonly id: number,
    private readonly transport: Transport,
    private readonly config: EnsembleConfig,
    public storage: MemoryStorage = new MemoryStorage(),
    private readonly options: Partial<PeerOptions> = quickly,
    private readonly newState = (): TreeState => new TreeState(),
  ) {}

  /** @param storage instead of the one in memory */
  async start(storage: Storage = this.storage): Promise<this> {
    const { isOtherVoterLost } = this;
    this.events.length = 0;
    this.committed.clear();
    this.state = this.newState();
    this.peer = new EnsemblePeer(
      {
        transport: this.transport,
        storage,
        state: this.state,
        clock: realClock,
        scheduler: realScheduler,
        random: fixedRandom,
        logger: silentLogger,
      },
      {
        id: BigInt(this.id),
        config: this.config,
        peer: this.options,
        ...(isOtherVoterLost === undefined ? {} : { isOtherVoterLost }),
      },
      (event) => this.heard(event),
    );
    await this.peer.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.peer?.stop();
    this.peer = undefined;
  }

  /** The power fails: what is not synced is gone. */
  async crash(): Promise<void> {
    this.storage.crash();
    this.storage.releaseSyncs();
    await this.stop();
  }

  serving(): Promise<EnsembleRole> {
    return firstValueFrom(this.peer!.role$.pipe(filter((role) => role.isServing)));
  }

  create(path: string, data = ''): Zxid {
    this.lastZxid++;
    this.proposed.set(this.lastZxid, path);
    expect(this.peer!.propose(this.lastZxid, createTxn(this.lastZxid, path, data))).toBe(true);
    return this.lastZxid;
  }

  /** Everything up to there is applied. */
  applied(zxid: Zxid): Promise<void> {
    return this.until(() => BigInt(`0x${this.peer!.status()!.peer.applied}`) >= zxid);
  }

  /** Looks once per turn of the event loop. */
  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await nextTurn();
  }

  /** How the leader brought another server up to date, without the zxid. */
  syncOf(id: number): string | undefined {
    const learner = this.peer!.status()!.peer.learners.find(({ server }) => server === String(id));
    return learner?.sync?.split(' ')[0];
  }

  data(path: string): string | undefined {
    const bytes = utf8Bytes(path);
    const id = this.state.tree.find(bytes, 0, bytes.length);
    const data = id < 0 ? undefined : this.state.tree.dataBytes(id);
    return data === undefined ? undefined : utf8Text(data ?? new Uint8Array(0));
  }

  get digest(): string {
    return this.state.tree.digest.toString();
  }

  private heard(event: EnsembleEvent): void {
    this.events.push(event);
    if (event.kind === 'serve') this.lastZxid = event.zxid;
    if (event.kind === 'stop-serving') this.onStopServing();
    if (event.kind !== 'deliver' || event.cause !== 'commit') return;
    const path = this.proposed.get(event.entry.zxid);
    if (path !== undefined) this.committed.add(path);
  }
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Cluster {
  readonly config: EnsembleConfig;
  readonly members: Member[];

  constructor(
    count: number,
    options: Partial<PeerOptions> = quickly,
    readonly transport = new MemoryTransport(),
  ) {
    this.config = configOf(count);
    this.members = Array.from({ length: count }, (_, i) => {
      return new Member(i + 1, this.transport, this.config, new MemoryStorage(), options);
    });
  }

  member(id: number): Member {
    return this.members[id - 1]!;
  }

  async start(...ids: readonly number[]): Promise<Member> {
    const chosen = this.members.filter(({ id }) => ids.length === 0 || ids.includes(id));
    await Promise.all(chosen.map((member) => member.start()));
    return this.leader(...ids);
  }

  /** When all of them serve: who leads. */
  async leader(...ids: readonly number[]): Promise<Member> {
    const chosen = this.members.filter(({ id }) => ids.length === 0 || ids.includes(id));
    return leaderOf(chosen);
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    // The other ends hear of it in later turns.
    for (let turn = 0; turn < 20 && this.transport.openEndCount > 0; turn++) {
      await nextTurn();
    }
    expect(this.transport.openEndCount).toBe(0);
  }
}

/** When all of them serve: who leads. */
export async function leaderOf(members: readonly Member[]): Promise<Member> {
  const roles = await Promise.all(members.map((member) => member.serving()));
  return members[roles.findIndex(({ role }) => role === 'leader')]!;
}
