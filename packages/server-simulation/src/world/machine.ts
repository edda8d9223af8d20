import {
  AUTH_PROVIDERS,
  CLOCK,
  LOGGER,
  type Logger,
  RANDOM,
  SCHEDULER,
  STORAGE,
  type Storage,
  TRANSPORT,
  silentLogger,
} from '@zk/contracts';
import { hex64 } from '@zk/model';
import { EnsembleConfig } from '@zk/quorum';
import { ENSEMBLE, type EnsembleParts, type ServerOptions, type ZkServer, createServer } from '@zk/server';
import type { Agenda, SeededRandom } from '@zk/simulation';
import { Violation } from '../checks/violation.js';
import { CLIENT_PORT, addressOf, memberLine } from './addresses.js';
import { type AppendListener, SimulatedDisk } from './disk.js';
import { Life } from './life.js';
import { MemberFile } from './member-file.js';
import type { SimulatedNetwork } from './network.js';
import { superUser } from './super-user.js';

export type EnsembleEvent = Parameters<NonNullable<EnsembleParts['observe']>>[0];

/** What all machines of an ensemble have in common. */
export interface MachineWorld {
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly server: Partial<ServerOptions>;
  readonly peer: NonNullable<EnsembleParts['peer']>;
  /** Whether members change. */
  readonly isReconfigEnabled: boolean;
  readonly onAppend: AppendListener;
  readonly onEvent: (machine: Machine, event: EnsembleEvent) => void;
  /** A server stopped by itself, or did not start. */
  readonly onFailure: (machine: Machine, error: Error) => void;
  readonly onError: (machine: Machine, message: string, fields: object) => void;
  /** Alters a server before it starts: plants a bug. */
  readonly alter?: (server: ZkServer) => void;
}

/** How far the clocks of two machines may be apart. */
const MAX_DRIFT = 0.01;
const MAX_WALL_OFFSET_MS = 200;

/** A machine on which one server of the ensemble runs, life after life, while an operator wants it to. */
export class Machine {
  readonly disk: SimulatedDisk;
  server: ZkServer | undefined;
  private life: Life | undefined;
  private readonly clocks;
  /** The members, as the operator wrote them into its configuration file; undefined while it is not in use. */
  private written: EnsembleConfig | undefined;
  /** Of the configuration that is in force in this life. */
  private configVersion = 0n;
  /** How often somebody wrote them. */
  private writings = 0;

  constructor(
    readonly id: number,
    private readonly world: MachineWorld,
  ) {
    const { agenda, random, onAppend } = world;
    this.disk = new SimulatedDisk(agenda, random, onAppend);
    const rate = 1 + (random.next() * 2 - 1) * MAX_DRIFT;
    this.clocks = { random, rate, wallOffsetMs: (random.next() * 2 - 1) * MAX_WALL_OFFSET_MS, suspendedMs: 0 };
  }

  get address(): string {
    return addressOf(this.id);
  }

  get isUp(): boolean {
    return this.life !== undefined;
  }

  get isServing(): boolean {
    return this.server?.isServing === true;
  }

  get isLeader(): boolean {
    const role = this.server?.ensemble?.role;
    return role?.role === 'leader' && role.isServing;
  }

  get isDeployed(): boolean {
    return this.written !== undefined;
  }

  /** An operator makes it a server of the ensemble. @param members of now, with or without this one */
  install(members: EnsembleConfig): void {
    this.crash(false);
    this.written = members;
    this.writings++;
  }

  /** An operator takes it out of use. Its disk keeps what it has. */
  retire(): void {
    this.written = undefined;
    this.crash(false);
  }

  /** Begins a life, if it has none and is in use. */
  start(): void {
    if (this.isUp || this.written === undefined) return;
    const life = (this.life = new Life(this.world.agenda, this.clocks));
    this.configVersion = 0n;
    this.world.network.appear(this.address);
    const failed = (error: unknown): void => {
      if (!life.isOver) this.world.onFailure(this, error instanceof Error ? error : new Error(String(error)));
    };
    this.boot(life, this.disk.mount(life), this.written).then(failed, failed);
  }

  /** @returns why it has come to its end, which nobody has asked for. @throws Error when it cannot start */
  private async boot(life: Life, storage: Storage, written: EnsembleConfig): Promise<Error> {
    const membership = await MemberFile.open(storage.state, `zoo.cfg.dynamic.${this.writings}`, written);
    // A file that does not name its own server is none to start with: somebody adds the line.
    const config = naming(this.id, membership.config);
    const server = (this.server = this.newServer(life, storage, { config, membership }));
    this.world.alter?.(server);
    return Promise.race([server.failed, server.start().then(() => server.failed)]);
  }

  private newServer(life: Life, storage: Storage, members: Pick<EnsembleParts, 'config' | 'membership'>): ZkServer {
    const { random, network, peer, isReconfigEnabled, onEvent } = this.world;
    const transport = network.at(this.address, life);
    const observe = (event: EnsembleEvent): void => {
      if (!life.isOver) onEvent(this, event);
    };
    const parts: EnsembleParts = {
      ...members,
      id: BigInt(this.id),
      transport,
      peer: { ...peer, isReconfigEnabled },
      isStandaloneEnabled: false,
      observe,
    };
    return createServer(
      {
        ...this.world.server,
        reconfigEnabled: isReconfigEnabled,
        serverId: this.id,
        clientHost: this.address,
        clientPort: CLIENT_PORT,
      },
      [
        [CLOCK, life],
        [SCHEDULER, life],
        [RANDOM, random],
        [LOGGER, this.loggerOf(life)],
        [TRANSPORT, transport],
        [STORAGE, storage],
        [AUTH_PROVIDERS, superUser],
        [ENSEMBLE, parts],
      ],
    );
  }

  /** A configuration is in force from now on. @throws Violation when it is an older one */
  configured(version: bigint): void {
    const before = this.configVersion;
    if (version < before)
      throw new Violation('ConfigGoesOn', `server ${this.id} goes from 0x${hex64(before)} to 0x${hex64(version)}`);
    this.configVersion = version;
  }

  /** The process ends. @param losesPower nobody is told, and the disk loses what was not synced */
  crash(losesPower: boolean): void {
    if (this.life === undefined) return;
    this.life.end();
    this.life = undefined;
    this.server = undefined;
    this.disk.crash(!losesPower);
    this.world.network.vanish(this.address, losesPower);
  }

  pause(): void {
    this.life?.pause();
  }

  suspend(): void {
    this.life?.suspend();
  }

  resume(): void {
    this.life?.resume();
  }

  wallMs(): number {
    return this.life?.wallMs() ?? 0;
  }

  jumpWallClock(byMs: number): void {
    this.clocks.wallOffsetMs += byMs;
  }

  private loggerOf(life: Life): Logger {
    const error = (fields: object, message: string): void => {
      if (!life.isOver) this.world.onError(this, message, fields);
    };
    const logger: Logger = { ...silentLogger, error, child: () => logger };
    return logger;
  }
}

/** The members with this server among them: as an observer, if it is none of them, until a reconfiguration says more. */
function naming(id: number, members: EnsembleConfig): EnsembleConfig {
  if (members.servers.has(BigInt(id))) return members;
  const lines = members.text.split('\n').filter((line) => !line.startsWith('version='));
  return EnsembleConfig.parse([...lines, memberLine(id, 'observer')].join('\n'));
}
