import { EnsembleConfig, type ServerSpec } from '@zk/quorum';
import { type PeerOptions, type ZabRules, zabRules } from '@zk/zab';
import { hex64, InvariantViolation } from '@zk/model';
import { Agenda } from './agenda.js';
import { Checkers } from './checkers.js';
import { Clients } from './clients.js';
import { FAULTS, injectFault } from './faults.js';
import { History } from './history.js';
import { Host, type HostWorld } from './host.js';
import { SimulatedNetwork } from './network.js';
import { Operator } from './operator.js';
import { SeededRandom } from './random.js';
import { Violation } from './violation.js';

export interface SimulationOptions {
  readonly seed: number;
  /** Events until everything is healed; default 2000. */
  readonly steps?: number;
  /** Moments at which something goes wrong; default 3. */
  readonly faults?: number;
  /** Voters and observers; by default the seed decides between 3 and 5, with and without observers. */
  readonly voters?: number;
  readonly observers?: number;
  /** Hierarchical quorums: voters are dealt out to so many groups. Default: a plain majority. */
  readonly groups?: number;
  readonly clients?: number;
  /** Servers that belong to nobody at first, for reconfigurations; by default the seed decides. */
  readonly spares?: number;
  /** Moments at which the membership is changed; by default the seed decides, 0 switches reconfiguration off. */
  readonly reconfigurations?: number;
  /** Whether snapshots have some of what was committed while they were taken; by default the seed decides. */
  readonly isFuzzy?: boolean;
  /** Whether followers serve observers; by default the seed decides. */
  readonly hasObserverMasters?: boolean;
  /** Names of what goes wrong; by default everything there is. */
  readonly faultKinds?: readonly string[];
  /** Whether servers that crashed come back by themselves; default true. */
  readonly restarts?: boolean;
  readonly rules?: ZabRules;
  readonly peer?: Partial<PeerOptions>;
  /** Hears one line per transition. */
  readonly trace?: (line: string) => void;
}

export interface SimulationResult {
  readonly seed: number;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly committed: number;
  readonly acknowledged: number;
  /** How often rare things happened, by name: leaders, crashes, kinds of synchronization, faults. */
  readonly counts: ReadonlyMap<string, number>;
  readonly violation: Violation | undefined;
}

/** How long an ensemble in which nothing is wrong any more may take to agree. */
const QUIET_MS = 60_000;
const CALM_MS = 300;
/** More events than that at one moment of virtual time: somebody asks to be woken again and again. */
const MAX_STEPS_AT_ONCE = 20_000;

/** One ensemble, its clients, and everything that goes wrong with them, from one seed. */
export class Simulation {
  readonly agenda = new Agenda();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly checkers: Checkers;
  readonly hosts: Host[] = [];
  readonly clients: Clients;
  readonly operator: Operator;
  steps = 0;
  private readonly reconfigurations: number;
  private readonly isFuzzy: boolean;
  private readonly hasObserverMasters: boolean;
  private stepsAtOnce = 0;
  readonly counts = new Map<string, number>();
  private isCalm = false;
  private readonly byNumber = new Map<number, Host>();

  constructor(private readonly options: SimulationOptions) {
    this.random = new SeededRandom(options.seed);
    const voters = options.voters ?? (this.random.chance(0.6) ? 3 : 5);
    const observers = options.observers ?? (this.random.chance(0.25) ? 1 : 0);
    // Decided apart, so that a run without any of this is what it was before there was any.
    const random = new SeededRandom(options.seed + 2 ** 40);
    this.reconfigurations = options.reconfigurations ?? (random.chance(0.6) ? random.between(1, 6) : 0);
    const groups = options.groups ?? (this.reconfigurations === 0 && random.chance(0.3) ? random.between(2, 3) : 0);
    const spares = options.spares ?? (this.reconfigurations > 0 ? random.between(0, 2) : 0);
    this.isFuzzy = options.isFuzzy ?? random.chance(0.5);
    this.hasObserverMasters = options.hasObserverMasters ?? random.chance(0.5);
    const config = configOf(voters, observers, groups);
    const empty = History.empty();
    this.network = new SimulatedNetwork(this.agenda, this.random, this.byNumber);
    this.checkers = new Checkers(config, () => this.hosts, empty);
    const world = this.worldOf(config, empty);
    for (let number = 1; number <= voters + observers + spares; number++) {
      const host = new Host(number, world);
      this.hosts.push(host);
      this.byNumber.set(number, host);
      this.agenda.in(this.random.duration(1, 300), () => this.restart(host));
    }
    this.operator = new Operator({
      random,
      hosts: this.hosts,
      note: (text) => this.note('-', text),
      count: (what) => this.count(what),
    });
    this.clients = new Clients(this.agenda, this.random, this.checkers, this.hosts, options.clients ?? 3);
  }

  /** Runs to the end, or to the first violation. */
  run(): SimulationResult {
    const { steps = 2000, faults = 3 } = this.options;
    let violation: Violation | undefined;
    try {
      this.runWithFaults(steps, faults);
      this.calm();
    } catch (error) {
      violation = violationOf(error);
    }
    return {
      seed: this.options.seed,
      steps: this.steps,
      simulatedMs: this.agenda.nowMs,
      committed: this.checkers.committedCount,
      acknowledged: this.checkers.acknowledgedCount,
      counts: this.counts,
      violation,
    };
  }

  runSteps(count: number): void {
    for (let i = 0; i < count && this.step(); i++);
  }

  /** Runs until something is so. @throws Violation when it takes longer than a simulated minute */
  runUntil(what: string, isSo: () => boolean, withinMs = QUIET_MS): void {
    const untilMs = this.agenda.nowMs + withinMs;
    while (!isSo()) if (!this.step(untilMs)) throw new Violation('Liveness', `not within ${withinMs} ms: ${what}`);
  }

  runFor(durationMs: number): void {
    const untilMs = this.agenda.nowMs + durationMs;
    while (this.step(untilMs));
    this.agenda.nowMs = untilMs;
  }

  /** Heals everything, lets clients finish, and expects everybody to agree. */
  calm(): void {
    this.isCalm = true;
    this.network.heal();
    this.network.maxDelayMs = 3;
    for (const host of this.hosts) {
      host.disk.slowness = 1;
      host.disk.crashPlan = undefined;
      host.disk.recover();
      host.changeClock((clock) => clock.drift(1));
      if (!host.isUp) this.agenda.in(1, () => this.restart(host));
    }
    this.runFor(CALM_MS);
    this.clients.stop();
    const isQuiet = (): boolean =>
      this.clients.outstanding === 0 && this.hosts.every((host) => host.isServing && host.state === this.checkers.head);
    const untilMs = this.agenda.nowMs + QUIET_MS;
    while (!isQuiet() && this.step(untilMs));
    this.checkers.checkQuiet();
  }

  /** Runs until there is a leader, and everybody who is up serves. */
  settle(): Host {
    this.runUntil('a leader, and all serve', () => {
      return this.leader !== undefined && this.hosts.every((host) => !host.isUp || host.isServing);
    });
    return this.leader!;
  }

  restart(host: Host): void {
    if (host.isUp) return;
    try {
      host.start();
    } catch (error) {
      if (error instanceof Violation || error instanceof InvariantViolation || !(error instanceof Error)) throw error;
      throw new Violation('Restart', `server ${host.number}: ${error.message}`);
    }
  }

  get leader(): Host | undefined {
    return this.hosts.find((host) => host.role === 'leader' && host.isServing);
  }

  private step(untilMs = Infinity): boolean {
    const beforeMs = this.agenda.nowMs;
    if (!this.agenda.step(untilMs)) return false;
    this.steps++;
    this.stepsAtOnce = this.agenda.nowMs > beforeMs ? 0 : this.stepsAtOnce + 1;
    if (this.stepsAtOnce > MAX_STEPS_AT_ONCE) throw new Violation('Liveness', `time stands still at ${beforeMs} ms`);
    return true;
  }

  private runWithFaults(steps: number, faults: number): void {
    const note = (text: () => string): void => this.note('-', text);
    const { agenda, random, network, hosts } = this;
    const kinds = this.options.faultKinds ?? Object.keys(FAULTS);
    const world = { agenda, random, network, hosts, kinds, note, count: (what: string) => this.count(what) };
    const moments = this.moments(steps, faults, () => injectFault(world));
    moments.push(...this.moments(steps, this.reconfigurations, () => this.operator.changeSomething()));
    moments.sort((a, b) => a.step - b.step);
    let done = 0;
    for (const { step, act } of moments) {
      this.runSteps(step - done);
      done = step;
      act();
    }
    this.runSteps(steps - done);
  }

  private moments(steps: number, count: number, act: () => void): { step: number; act: () => void }[] {
    const [first, last] = [Math.floor(steps / 10), Math.floor(steps * 0.9)];
    return Array.from({ length: count }, () => ({ step: this.random.between(first, last), act }));
  }

  private worldOf(config: EnsembleConfig, empty: History): HostWorld {
    return {
      agenda: this.agenda,
      random: this.random,
      network: this.network,
      checkers: this.checkers,
      config,
      empty,
      isFuzzy: this.isFuzzy,
      options: {
        tickTimeMs: 400,
        initLimitTicks: 6,
        syncLimitTicks: 3,
        commitLogCount: 20,
        isReconfigEnabled: this.reconfigurations > 0,
        hasObserverMasters: this.hasObserverMasters,
        ...(this.hasObserverMasters ? { observerReconnectDelayMs: 30, observerElectionDelayMs: 100 } : {}),
        ...this.options.peer,
      },
      rules: this.options.rules ?? zabRules,
      applied: (host, id) => this.clients.applied(host, id),
      stopped: (host) => this.clients.stopped(host),
      restartLater: (host) => {
        if (this.options.restarts === false && !this.isCalm) return;
        const delayMs = this.isCalm ? 10 : this.random.duration(10, 3000);
        this.agenda.in(delayMs, () => this.restart(host));
      },
      note: (host, text) => {
        this.note(String(host.number), text, host);
      },
      count: (what) => this.count(what),
    };
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  private note(who: string, text: () => string, host?: Host): void {
    const { trace } = this.options;
    if (trace === undefined) return;
    const time = this.agenda.nowMs.toFixed(3).padStart(12);
    const zxid = host === undefined ? '' : hex64(host.state.zxid);
    trace(`${time} ${who.padStart(2)} ${zxid.padStart(12)} ${text()}`);
  }
}

/** What an exception in the middle of a run means. Anything unknown is a defect of the simulation, and is thrown. */
function violationOf(error: unknown): Violation {
  if (error instanceof Violation) return error;
  if (error instanceof InvariantViolation) return new Violation('Integrity', error.message);
  throw error;
}

function configOf(voters: number, observers: number, groupCount: number): EnsembleConfig {
  const servers = new Map<bigint, ServerSpec>();
  for (let number = 1; number <= voters + observers; number++) {
    const addresses = [{ host: `s${number}`, quorumPort: 2888, electionPort: 3888 }];
    servers.set(BigInt(number), { id: BigInt(number), role: number <= voters ? 'participant' : 'observer', addresses });
  }
  const groups = new Map<bigint, Set<bigint>>();
  for (let i = 0; i < voters && groupCount > 0; i++) {
    const group = BigInt((i % groupCount) + 1);
    groups.set(group, (groups.get(group) ?? new Set<bigint>()).add(BigInt(i + 1)));
  }
  return new EnsembleConfig(servers, 0n, groups);
}
