import { utf8Bytes } from '@zk/jute';
import { EnsembleConfig } from '@zk/quorum';
import type { SeededRandom } from '@zk/simulation';
import type { ClientHistories } from './checks/client-histories.js';
import type { CommittedHistory } from './checks/committed-history.js';
import { checkFinalTrees, finalState } from './checks/final-trees.js';
import { Violation } from './checks/violation.js';
import { REGISTER, createRegister, readRegister } from './clients/register.js';
import type { SessionClient } from './clients/session-client.js';
import type { Machine } from './world/machine.js';
import type { SimulatedNetwork } from './world/network.js';

export interface RecoveryWorld {
  readonly network: SimulatedNetwork;
  readonly random: SeededRandom;
  readonly history: CommittedHistory;
  readonly histories: ClientHistories;
  readonly machines: readonly Machine[];
  readonly clients: readonly SessionClient[];
  /** Sessions that nobody has come back to have expired by then. */
  readonly expiryMs: number;
  readonly nowMs: () => number;
  readonly count: (what: string) => void;
  /** Lets time pass until something is true, or for so long. @throws Violation */
  readonly within: (durationMs: number, isMet: () => boolean) => Promise<boolean>;
}

/** When all is well again, everybody is served within this time. */
const RECOVERY_MS = 60_000;
/** Who does not serve by then may know nobody of the present members. */
const FORGETFUL_MS = 20_000;
const FINAL_CHECK_MS = 50;
/** What one client asks for while it does not read: more than any connection has room for. */
const UNREAD_BYTES = 5000;
const UNREAD_COUNT = 100;
/** In which the others are answered meanwhile, when nothing is wrong. */
const NEIGHBOUR_MS = 1000;

/** The end of a run: everything is repaired, the clients rest, and all must come to agree. */
export class Recovery {
  constructor(private readonly world: RecoveryWorld) {}

  /** @throws Violation */
  async run(): Promise<void> {
    this.heal();
    await this.comeToServe();
    await this.pass(this.world.expiryMs);
    await this.stopOthers();
    await this.keepOneFromReading();
    await this.comeToRest();
    this.checkEnd();
  }

  private get clients(): readonly SessionClient[] {
    return this.world.clients;
  }

  private get config(): EnsembleConfig {
    return EnsembleConfig.parse(this.world.history.tree.config);
  }

  private get members(): readonly Machine[] {
    const { servers } = this.config;
    return this.world.machines.filter(({ id }) => servers.has(BigInt(id)));
  }

  private heal(): void {
    const { network, machines } = this.world;
    network.maxDelayMs = 2;
    network.heal();
    for (const machine of machines) {
      machine.resume();
      machine.disk.clean();
      machine.start();
    }
    for (const client of this.clients) client.resumeReading();
  }

  private async comeToServe(): Promise<void> {
    if (!(await this.world.within(FORGETFUL_MS, () => this.areServed))) this.remindForgetful();
    const states = (): string => this.world.machines.map((each) => `${each.id}: ${each.server?.state}`).join();
    await this.require(RECOVERY_MS, () => this.areServed, 'Liveness', states);
  }

  private get areServed(): boolean {
    return this.members.every(({ isServing }) => isServing) && this.clients.every(({ isConnected }) => isConnected);
  }

  /** Who was down while all that it knew were replaced finds nobody, until somebody tells it who is there now. */
  private remindForgetful(): void {
    const { config } = this;
    for (const machine of this.members.filter(({ isServing }) => !isServing)) {
      machine.install(config);
      machine.start();
      this.world.count('configuration files written again');
    }
  }

  /** Servers that belong to nobody are stopped. */
  private async stopOthers(): Promise<void> {
    const { members } = this;
    for (const machine of this.world.machines) if (!members.includes(machine)) machine.retire();
    const areElsewhere = (): boolean => this.areServed && isQuiet(this.clients);
    await this.require(RECOVERY_MS, areElsewhere, 'Liveness', () => this.waiting(this.clients));
  }

  /** One client asks for much and reads nothing of it: all others must be answered as if it were not there. */
  private async keepOneFromReading(): Promise<void> {
    const sleeper = this.world.random.pick(this.clients);
    const others = this.clients.filter((client) => client !== sleeper);
    const data = utf8Bytes('.'.repeat(UNREAD_BYTES));
    sleeper.pauseReading();
    sleeper.call(createRegister);
    sleeper.call({ name: 'setData', request: { path: REGISTER, data, version: -1 } });
    for (let i = 0; i < UNREAD_COUNT; i++) sleeper.call(readRegister);
    await this.pass(FINAL_CHECK_MS);
    for (const client of others) {
      client.call(createRegister);
      client.call({ name: 'sync', request: { path: '/' } });
      client.call(readRegister);
    }
    const who = (): string => `while ${sleeper.options.name} does not read, ${this.waiting(others)}`;
    await this.require(NEIGHBOUR_MS, () => isQuiet(others), 'NobodyWaits', who);
    sleeper.resumeReading();
    await this.require(
      RECOVERY_MS,
      () => isQuiet(this.clients),
      'Liveness',
      () => this.waiting(this.clients),
    );
  }

  private async comeToRest(): Promise<void> {
    for (const client of this.clients) {
      client.call({ name: 'sync', request: { path: '/' } });
      client.call({ name: 'ping', request: undefined });
    }
    await this.require(
      RECOVERY_MS,
      () => isQuiet(this.clients),
      'Liveness',
      () => this.waiting(this.clients),
    );
    await this.pass(FINAL_CHECK_MS);
  }

  private checkEnd(): void {
    const { history, histories, nowMs } = this.world;
    const { members } = this;
    const living = new Set(this.clients.map(({ sessionId }) => sessionId));
    checkFinalTrees(history, members, living);
    const [problem] = histories.problems(finalState(history, members[0]!.server!, living, nowMs()));
    if (problem !== undefined) throw new Violation('OneOrder', problem);
  }

  private waiting(clients: readonly SessionClient[]): string {
    const waiting = clients.filter((client) => !isQuiet([client]));
    return waiting.map(({ options, pending }) => `${options.name} waits for ${pending.length} replies`).join();
  }

  private async pass(durationMs: number): Promise<void> {
    await this.world.within(durationMs, () => false);
  }

  private async require(
    durationMs: number,
    isMet: () => boolean,
    invariant: 'Liveness' | 'NobodyWaits',
    detail: () => string,
  ): Promise<void> {
    if (!(await this.world.within(durationMs, isMet))) throw new Violation(invariant, detail());
  }
}

function isQuiet(clients: readonly SessionClient[]): boolean {
  return clients.every(({ isConnected, pending }) => isConnected && pending.length === 0);
}
