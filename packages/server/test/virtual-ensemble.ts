import { STORAGE, TRANSPORT } from '@zk/contracts';
import { EnsembleConfig } from '@zk/quorum';
import { MemoryStorage } from '@zk/storage-memory';
import { RawClient, fourLetterWord } from '@zk/test-client';
import { MemoryTransport } from '@zk/transport-memory';
import {
  ENSEMBLE,
  type EnsembleParts,
  type Registration,
  type ServerOptions,
  type ZkServer,
  createServer,
} from '../src/index.js';
import { VirtualTime } from './virtual-time.js';

const IDS = [1, 2, 3, 4];

/** Each with an address of its own, as on machines of their own. */
export const config = EnsembleConfig.parse(
  IDS.map((id) => `server.${id}=127.0.0.${id}:2888:3888:${id === 4 ? 'observer' : 'participant'}`).join('\n'),
);

export interface VirtualEnsembleOptions {
  readonly server?: Partial<ServerOptions>;
  readonly member?: Partial<EnsembleParts>;
  /** Further parts of the server of this number. */
  readonly registrations?: (id: number) => readonly Registration[];
}

/** Three voters and an observer in one process and one virtual time. */
export class VirtualEnsemble {
  readonly time = new VirtualTime();
  private readonly transport = new MemoryTransport();
  private readonly servers = new Map<number, ZkServer>();

  constructor(private readonly options: VirtualEnsembleOptions = {}) {}

  /** Starts all four, and lets time pass until they serve. */
  async startAll(): Promise<this> {
    await this.start(...IDS);
    await this.until(true, ...IDS);
    return this;
  }

  async start(...ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const parts: EnsembleParts = { id: BigInt(id), config, transport: this.transport, ...this.options.member };
      const options = { clientPort: 0, serverId: id, tickTimeMs: 2000, fourLetterWords: ['*'], ...this.options.server };
      const server = createServer(options, [
        [TRANSPORT, this.transport],
        [STORAGE, new MemoryStorage()],
        [ENSEMBLE, parts],
        ...this.time.registrations,
        ...(this.options.registrations?.(id) ?? []),
      ]);
      this.servers.set(id, server);
      await this.time.during(server.start());
    }
  }

  async stop(...ids: readonly number[]): Promise<void> {
    for (const id of ids) await this.time.during(this.server(id).stop());
    for (const id of ids) this.servers.delete(id);
  }

  stopAll(): Promise<void> {
    return this.stop(...this.servers.keys());
  }

  server(id: number): ZkServer {
    return this.servers.get(id)!;
  }

  /** Lets time pass, a minute at most, until these servers serve, or do not. */
  async until(isServing: boolean, ...ids: readonly number[]): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if (ids.every((id) => this.server(id).isServing === isServing)) return;
      await this.time.advance(100);
    }
    throw new Error(`servers ${ids.join()} ${isServing ? 'do not serve' : 'serve on'}`);
  }

  connect(id: number, timeoutMs = 10_000): Promise<RawClient> {
    return this.time.during(RawClient.connect(this.transport, { ...this.server(id).clientAddress, timeoutMs }));
  }

  ask(id: number, word: string): Promise<string> {
    const { host, port } = this.server(id).clientAddress;
    return this.time.during(fourLetterWord(this.transport, host, port, word));
  }

  /** The leader of the three, and one that follows it. */
  async roles(): Promise<{ leader: number; follower: number }> {
    for (const id of [1, 2, 3]) {
      if ((await this.metric(id, 'server_state')) === 'leader') return { leader: id, follower: id === 1 ? 2 : 1 };
    }
    throw new Error('nobody leads');
  }

  async metric(id: number, name: string): Promise<string | undefined> {
    return new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(await this.ask(id, 'mntr'))?.[1];
  }
}
