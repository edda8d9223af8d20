import { hex64 } from '@zk/model';
import { EnsembleConfig } from '@zk/quorum';
import { Agenda, SeededRandom } from '@zk/simulation';
import { type CommitListener, CommittedHistory } from './checks/committed-history.js';
import { isSessionEnd } from './checks/model-tree.js';
import { Violation } from './checks/violation.js';
import { Witness } from './checks/witness.js';
import { Population } from './clients/population.js';
import type { SessionClient } from './clients/session-client.js';
import { FAULTS, type FaultWorld } from './faults.js';
import { Recovery } from './recovery.js';
import type { ServerSimulationOptions, ServerSimulationResult } from './simulation-options.js';
import { SYNC_LIMIT_TICKS, TICK_MS, ensembleSettings } from './world/ensemble-settings.js';
import { memberLine } from './world/addresses.js';
import { type EnsembleEvent, Machine } from './world/machine.js';
import { SimulatedNetwork } from './world/network.js';

const CLIENTS = 4;
const SESSION_TIMEOUT_MS = 3000;
/** Of what a client was heard of its leader knows after a tick, while nothing is broken that has not been noticed. */
const EXPIRY_SLACK_MS = (SYNC_LIMIT_TICKS + 4) * TICK_MS;
/** The ensemble has time to come up. */
const FIRST_FAULT_MS = 500;
/** How often the membership changes at all, how many times then, how often from one server on, and among how many. */
const CHANGES_CHANCE = 0.5;
const CHANGES = [1, 6] as const;
const ALONE_CHANCE = 0.25;
const MAX_SERVERS = 5;
const MAX_DOWN_MS = 2000;
/** When all is well again, forgotten sessions have expired within this time. */
const EXPIRY_MS = 3 * SESSION_TIMEOUT_MS;

/**
 * One run: servers on machines, clients, a network, and faults at random moments; then everything is healed, and all must
 * come to rest with the same tree. The seed decides everything, and time is the agenda's.
 */
export class ServerSimulation {
  readonly agenda = new Agenda();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly machines: readonly Machine[];
  readonly history: CommittedHistory;
  private readonly witness: Witness;
  private readonly population: Population;
  private readonly counts = new Map<string, number>();
  private violation: Violation | undefined;
  private readonly reconfigurations: number;
  private steps = 0;
  private isHealing = false;

  constructor(private readonly options: ServerSimulationOptions) {
    const random = (this.random = new SeededRandom(options.seed));
    this.network = new SimulatedNetwork(this.agenda, random);
    // Decided apart, so that a run without any of this is what it was before there was any.
    const apart = new SeededRandom(options.seed + 2 ** 40);
    const changes = options.changes?.length ?? options.reconfigurations;
    this.reconfigurations = changes ?? (apart.chance(CHANGES_CHANCE) ? apart.between(...CHANGES) : 0);
    const count = options.servers ?? (random.chance(0.2) ? 5 : this.mayBeginAlone(apart) ? 1 : 3);
    const config = EnsembleConfig.parse(Array.from({ length: count }, (_, at) => memberLine(at + 1)).join('\n'));
    this.history = this.newHistory(config);
    this.witness = this.newWitness();
    this.machines = this.newMachines(Math.max(count, this.isChanging ? MAX_SERVERS : 0));
    for (const machine of this.machines.slice(0, count)) machine.install(config);
    this.population = this.newPopulation(apart);
  }

  get clients(): readonly SessionClient[] {
    return this.population.clients;
  }

  /** Runs to the end, or to the first violation. Never rejects for what a server does. */
  async run(): Promise<ServerSimulationResult> {
    const { durationMs = 8000 } = this.options;
    try {
      for (const machine of this.machines) this.agenda.in(this.random.duration(1, 500), () => machine.start());
      this.population.start();
      this.planFaults(durationMs);
      this.planChanges(durationMs);
      await this.passTime(durationMs);
      await this.recover();
    } catch (error) {
      this.violation ??= asViolation(error);
    }
    for (const machine of this.machines) machine.crash(true);
    await turn();
    return this.result();
  }

  /** Lets time pass. @throws Violation */
  async passTime(durationMs: number): Promise<void> {
    await this.until(() => false, this.agenda.nowMs + durationMs);
  }

  /** Lets time pass until something is true, or it is too late. @throws Violation */
  async until(isMet: () => boolean, limitMs: number): Promise<boolean> {
    for (;;) {
      if (this.violation !== undefined) throw this.violation;
      if (isMet()) return true;
      if (!this.agenda.step(limitMs)) break;
      this.steps++;
      await turn();
    }
    this.agenda.nowMs = Math.max(this.agenda.nowMs, limitMs);
    return isMet();
  }

  private get isChanging(): boolean {
    return this.reconfigurations > 0;
  }

  private mayBeginAlone(random: SeededRandom): boolean {
    return this.isChanging && random.chance(ALONE_CHANCE);
  }

  private planChanges(durationMs: number): void {
    const { agenda, random, options } = this;
    const { operator } = this.population;
    if (operator === undefined) return;
    const failed = (error: unknown): void => void (this.violation ??= asViolation(error));
    if (options.changes !== undefined) return void operator.changeInOrder(options.changes).catch(failed);
    for (let i = 0; i < this.reconfigurations; i++)
      agenda.in(random.between(FIRST_FAULT_MS, durationMs), () => void operator.changeSomething().catch(failed));
  }

  private planFaults(durationMs: number): void {
    const { agenda, random, network, options } = this;
    const deployed = (): readonly Machine[] => this.machines.filter(({ isDeployed }) => isDeployed);
    const world: FaultWorld = {
      agenda,
      random,
      network,
      clients: this.population.addresses,
      isHealed: () => this.isHealing,
      startLater: (machine) => agenda.in(random.duration(5, MAX_DOWN_MS), () => machine.start()),
      get machines() {
        return deployed();
      },
    };
    const { faults = 5, faultKinds = Object.keys(FAULTS) } = options;
    for (let i = 0; i < faults; i++) {
      const kind = random.pick(faultKinds);
      agenda.in(random.between(FIRST_FAULT_MS, durationMs), () => {
        if (this.isHealing) return;
        const what = FAULTS[kind]!(world);
        this.count(`fault ${kind}`);
        this.note(() => `${kind} ${what}`);
      });
    }
  }

  /** Everything is repaired, the clients rest, and all must come to agree. */
  private async recover(): Promise<void> {
    this.isHealing = true;
    this.note(() => 'everything is healed');
    const { network, random, history, witness, machines, clients } = this;
    this.population.rest();
    await new Recovery({
      network,
      random,
      history,
      histories: witness.histories,
      machines,
      clients,
      count: (what) => this.count(what),
      expiryMs: EXPIRY_MS,
      nowMs: () => this.agenda.nowMs,
      within: (durationMs, isMet) => this.until(isMet, this.agenda.nowMs + durationMs),
    }).run();
  }

  private newHistory({ text }: EnsembleConfig): CommittedHistory {
    const committed: CommitListener = (txn, proposedMs) => {
      this.note(() => `committed 0x${hex64(txn.zxid)}: ${txn.type} of session 0x${hex64(txn.session)}, ${txn.cxid}`);
      if (isSessionEnd(txn)) this.witness.sessionEnded(txn, proposedMs);
    };
    return new CommittedHistory(() => this.agenda.nowMs, text, committed);
  }

  private newWitness(): Witness {
    return new Witness(this.history, {
      nowMs: () => this.agenda.nowMs,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      expirySlackMs: EXPIRY_SLACK_MS,
      lastZxidOf: (address) => this.machines.find((each) => each.address === address)?.server?.lastZxid ?? 0n,
      note: (text) => this.note(text),
    });
  }

  private newPopulation(operatorRandom: SeededRandom): Population {
    const { agenda, random, network, machines, history, witness: observer, options } = this;
    const count = (what: string): void => this.count(what);
    const world = { agenda, random, network, machines, history, observer, sessionTimeoutMs: SESSION_TIMEOUT_MS, count };
    return new Population(world, options.clients ?? CLIENTS, this.isChanging ? operatorRandom : undefined);
  }

  private newMachines(count: number): Machine[] {
    const { agenda, random, network, options } = this;
    const world = {
      agenda,
      random,
      network,
      isReconfigEnabled: this.isChanging,
      ...ensembleSettings(random),
      onAppend: (hi: number, lo: number, txn: Uint8Array) => this.guard(() => this.history.appended(hi, lo, txn)),
      onEvent: (machine: Machine, event: EnsembleEvent) => this.guard(() => this.heard(machine, event)),
      onFailure: ({ id }: Machine, error: Error) =>
        this.guard(() => {
          throw new Violation('ServersRun', `server ${id}: ${error.stack}`);
        }),
      onError: ({ id }: Machine, message: string, fields: object) =>
        this.guard(() => {
          this.note(() => `server ${id}: ${message} ${String((fields as { err?: unknown }).err ?? '')}`);
          if (message.startsWith('the tree differs')) throw new Violation('Digest', `server ${id}: ${message}`);
        }),
      ...(options.alter === undefined ? {} : { alter: options.alter }),
    };
    return Array.from({ length: count }, (_, index) => new Machine(index + 1, world));
  }

  private heard(machine: Machine, event: EnsembleEvent): void {
    const { id, server } = machine;
    if (event.kind === 'deliver' && event.cause === 'commit') this.history.delivered(event.entry.zxid);
    else if (event.kind === 'serve') {
      this.note(() => `server ${id} serves as ${event.role} in epoch ${event.epoch}`);
      this.count(`serves as ${event.role}`);
      if (event.role === 'leader') this.history.established(event.epoch, server!.lastZxid);
    } else if (event.kind === 'config' && event.status === 'committed') {
      this.note(() => `server ${id} is of ${event.config.text.replaceAll('\n', ' ')}`);
      machine.configured(event.config.version);
    } else if (event.kind === 'stop-serving') this.note(() => `server ${id} stops serving: ${event.reason}`);
    else if (event.kind === 'synchronizing') this.count(`synchronizes by ${event.mode}`);
  }

  /** Keeps a violation from getting into the hands of the server in which it was noticed. */
  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.violation ??= asViolation(error);
    }
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  private note(text: () => string): void {
    this.options.trace?.(`${this.agenda.nowMs.toFixed(2).padStart(9)} ${text()}`);
  }

  private result(): ServerSimulationResult {
    const { witness, history, violation, steps, counts } = this;
    const { acknowledged, answered, events } = witness;
    const { seed } = this.options;
    const servers = this.machines.length;
    const committed = history.tree.txns.size;
    const simulatedMs = this.agenda.nowMs;
    return { seed, servers, violation, steps, simulatedMs, committed, acknowledged, answered, events, counts };
  }
}

function asViolation(error: unknown): Violation {
  if (error instanceof Violation) return error;
  return new Violation('ServersRun', error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** What one event has set off by way of promises has happened. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
