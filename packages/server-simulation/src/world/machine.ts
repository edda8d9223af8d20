import { CLOCK, LOGGER, type Logger, RANDOM, SCHEDULER, STORAGE, TRANSPORT, silentLogger } from '@zk/contracts';
import type { EnsembleConfig } from '@zk/quorum';
import { ENSEMBLE, type EnsembleParts, type ServerOptions, type ZkServer, createServer } from '@zk/server';
import type { Agenda, SeededRandom } from '@zk/simulation';
import { type AppendListener, SimulatedDisk } from './disk.js';
import { Life } from './life.js';
import type { SimulatedNetwork } from './network.js';

export type EnsembleEvent = Parameters<NonNullable<EnsembleParts['observe']>>[0];

/** What all machines of an ensemble have in common. */
export interface MachineWorld {
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly config: EnsembleConfig;
  readonly server: Partial<ServerOptions>;
  readonly peer: NonNullable<EnsembleParts['peer']>;
  readonly onAppend: AppendListener;
  readonly onEvent: (machine: Machine, event: EnsembleEvent) => void;
  /** A server stopped by itself, or did not start. */
  readonly onFailure: (machine: Machine, error: Error) => void;
  readonly onError: (machine: Machine, message: string, fields: object) => void;
  /** Alters a server before it starts: plants a bug. */
  readonly alter?: (server: ZkServer) => void;
}

export const CLIENT_PORT = 2181;
/** How far the clocks of two machines may be apart. */
const MAX_DRIFT = 0.01;
const MAX_WALL_OFFSET_MS = 200;

export function addressOf(id: number): string {
  return `10.0.0.${id}`;
}

/** A machine on which one server of the ensemble runs, life after life. */
export class Machine {
  readonly disk: SimulatedDisk;
  server: ZkServer | undefined;
  private life: Life | undefined;
  private readonly clocks;

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

  start(): void {
    if (this.isUp) return;
    const { agenda, random, network, config, peer, onEvent, onFailure, alter } = this.world;
    const life = (this.life = new Life(agenda, this.clocks));
    network.appear(this.address);
    const transport = network.at(this.address, life);
    const observe = (event: EnsembleEvent): void => {
      if (!life.isOver) onEvent(this, event);
    };
    const server = createServer(
      { ...this.world.server, serverId: this.id, clientHost: this.address, clientPort: CLIENT_PORT },
      [
        [CLOCK, life],
        [SCHEDULER, life],
        [RANDOM, random],
        [LOGGER, this.loggerOf(life)],
        [TRANSPORT, transport],
        [STORAGE, this.disk.mount(life)],
        [ENSEMBLE, { id: BigInt(this.id), config, transport, peer, observe } satisfies EnsembleParts],
      ],
    );
    this.server = server;
    alter?.(server);
    const failed = (error: Error): void => {
      if (!life.isOver) onFailure(this, error);
    };
    server.start().catch(failed);
    void server.failed.then(failed);
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
