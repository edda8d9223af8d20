import { RecordReader, operations, utf8Text } from '@zk/jute';
import { ErrorCode, errorName } from '@zk/model';
import { EnsembleConfig, type Reconfig } from '@zk/quorum';
import { MembershipChanges, type SeededRandom } from '@zk/simulation';
import type { Call } from './clients/calls.js';
import type { Reply, SessionClient } from './clients/session-client.js';
import { CONFIG_PATH } from './clients/znodes.js';
import { memberLine } from './world/addresses.js';
import type { Machine } from './world/machine.js';

export interface OperatorWorld {
  readonly random: SeededRandom;
  /** All there are, in use or not. */
  readonly machines: readonly Machine[];
  readonly later: (delayMs: number, action: () => void) => void;
  readonly count: (what: string) => void;
}

export type MembershipChange = Partial<Reconfig>;

/** How long a new server is given before the ensemble is told to take it in: not quite enough, or enough. */
const SETTLING_MS = [5, 1500] as const;
/** How long a server that was removed goes on. */
const REMOVED_MS = [1, 1500] as const;
/** How long a reply is waited for. What becomes of the request then is not known. */
const PATIENCE_MS = 1500;
const RETRY_MS = 200;
const MAX_TRIES = 4;
/** Chance that a change names the version that it starts from. */
const VERSION_CHANCE = 0.3;

/**
 * Somebody who changes the membership as people do: starts new servers, has the ensemble take them in, and stops those that
 * it does without. Takes a refusal for an answer.
 */
export class Operator {
  private readonly changes: MembershipChanges;
  /** Numbers of the servers in requests that may yet be granted. */
  private readonly unanswered = new Set<readonly number[]>();
  private latest: EnsembleConfig | undefined;
  private isResting = false;

  constructor(
    readonly client: SessionClient,
    private readonly world: OperatorWorld,
  ) {
    const servers = world.machines.map(({ id }) => BigInt(id));
    this.changes = new MembershipChanges({ random: world.random, servers, lineOf: memberLine });
  }

  /** Changes whatever chance picks. */
  async changeSomething(): Promise<void> {
    const config = await this.look();
    if (config === undefined) return;
    const leader = this.world.machines.find(({ isLeader }) => isLeader)?.id ?? 0;
    const change = this.changes.something(config, BigInt(leader));
    if (change === undefined) return;
    const curConfigId = this.world.random.chance(VERSION_CHANCE) ? config.version : -1n;
    for (let tries = 0; tries < MAX_TRIES && !this.isResting; tries++) {
      if (await this.change({ curConfigId, ...change }, config)) return;
      await this.pause(RETRY_MS);
    }
  }

  /** Makes one change after the other, each until it is done. */
  async changeInOrder(changes: readonly MembershipChange[]): Promise<void> {
    for (const change of changes) {
      while (!(await this.changeOnce(change))) {
        if (this.isResting) return;
        await this.pause(RETRY_MS);
      }
      this.world.count('changes made in their order');
    }
  }

  /** Asks for nothing more. */
  rest(): void {
    this.isResting = true;
  }

  private async changeOnce(change: MembershipChange): Promise<boolean> {
    const config = await this.look();
    return config !== undefined && this.change(change, config);
  }

  /** The configuration as some server shows it; undefined when none does in time. */
  private async look(): Promise<EnsembleConfig | undefined> {
    const reply = await this.reply({ name: 'getData', request: { path: CONFIG_PATH, watch: true } });
    return reply?.err === ErrorCode.OK ? this.shown(reply) : undefined;
  }

  /** @returns whether the ensemble is known to have made it */
  private async change(change: MembershipChange, config: EnsembleConfig): Promise<boolean> {
    const { random, count } = this.world;
    const named = serversIn(change);
    this.unanswered.add(named);
    if (this.deploy(named, config)) await this.pause(random.duration(...SETTLING_MS));
    if (this.isResting) return false;
    const nothing = { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1n };
    const reply = await this.reply({ name: 'reconfig', request: { ...nothing, ...change } });
    if (reply === undefined) {
      count('reconfiguration without an answer');
      return false;
    }
    this.unanswered.delete(named);
    count(`reconfiguration: ${errorName(reply.err)}`);
    if (reply.err !== ErrorCode.OK) return false;
    const { servers } = this.shown(reply);
    for (const id of config.servers.keys()) if (!servers.has(id)) this.retireLater(Number(id));
    return true;
  }

  /** @returns whether somebody had to be started */
  private deploy(named: readonly number[], config: EnsembleConfig): boolean {
    const fresh = this.world.machines.filter(({ id, isDeployed }) => named.includes(id) && !isDeployed);
    for (const machine of fresh) {
      machine.install(config);
      machine.start();
      this.world.count('servers deployed');
    }
    return fresh.length > 0;
  }

  private retireLater(id: number): void {
    const { random, machines, later, count } = this.world;
    later(random.duration(...REMOVED_MS), () => {
      const isWanted = [...this.unanswered].some((named) => named.includes(id));
      if (isWanted || this.isResting || this.latest?.servers.has(BigInt(id)) !== false) return;
      machines.find((machine) => machine.id === id)?.retire();
      count('servers retired');
    });
  }

  private shown({ body }: Reply): EnsembleConfig {
    const { data } = operations.getData.readResponse(new RecordReader(body));
    const config = EnsembleConfig.parse(data === null ? '' : utf8Text(data));
    if (this.latest === undefined || config.version > this.latest.version) this.latest = config;
    return config;
  }

  private reply(call: Call): Promise<Reply | undefined> {
    return new Promise((resolve) => {
      this.client.call(call, resolve);
      this.world.later(PATIENCE_MS, () => resolve(undefined));
    });
  }

  private pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.world.later(durationMs, resolve));
  }
}

function serversIn({ joiningServers, newMembers }: MembershipChange): readonly number[] {
  return [...`${joiningServers ?? ''},${newMembers ?? ''}`.matchAll(/server\.(\d+)=/g)].map(([, id]) => Number(id));
}
