import type { Agenda, SeededRandom } from '@zk/simulation';
import type { Machine } from './world/machine.js';
import type { SimulatedNetwork } from './world/network.js';

export interface FaultWorld {
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly machines: readonly Machine[];
  /** Addresses of clients. */
  readonly clients: readonly string[];
  /** Whether everything has been healed: what was planned to crash later does not. */
  readonly isHealed: () => boolean;
  /** Starts a machine that is down, after a while. */
  readonly startLater: (machine: Machine) => void;
}

/** Does something bad, and says to whom. */
type Fault = (world: FaultWorld) => string;

/** A leader, or anybody when there is none. */
function leader({ random, machines }: FaultWorld): Machine {
  const leaders = machines.filter(({ isLeader }) => isLeader);
  return random.pick(leaders.length > 0 ? leaders : machines);
}

/** Half of the time, who is hit is the leader: that is where it hurts. */
function victim(world: FaultWorld): Machine {
  const { random, machines } = world;
  return random.chance(0.5) ? leader(world) : random.pick(machines);
}

function crash(world: FaultWorld, machine: Machine, losesPower: boolean): void {
  if (world.isHealed()) return;
  machine.crash(losesPower);
  world.startLater(machine);
}

function later(world: FaultWorld, action: () => void, durationMs = world.random.duration(20, 5000)): string {
  const { agenda } = world;
  agenda.in(durationMs, action);
  return `for ${Math.round(durationMs)} ms`;
}

function partition(
  world: FaultWorld,
  isCut: (from: string, to: string) => boolean,
  durationMs = world.random.duration(20, 5000),
): string {
  const { machines, network } = world;
  for (const { address: from } of machines)
    for (const { address: to } of machines) if (from !== to && isCut(from, to)) network.block(from, to);
  return later(world, () => network.heal(), durationMs);
}

/** Nothing gets to a machine from the others, or from it to them. */
function isolate(world: FaultWorld, { address }: Machine, durationMs?: number): string {
  return partition(world, (from, to) => from === address || to === address, durationMs);
}

/** A leader that hears nothing has given up by then. */
const DEPOSED_MS = 650;
/** Long enough for another leader, and too short for sessions that only the old one hears of afterwards. */
const SUSPENSION_MS = [600, 900] as const;

/** What can go wrong, by name. Each undoes itself after a while. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  kill(world) {
    const machine = victim(world);
    crash(world, machine, false);
    return `server ${machine.id}`;
  },
  'power-failure'(world) {
    const machine = victim(world);
    crash(world, machine, true);
    return `server ${machine.id}`;
  },
  'power-failure-of-all'(world) {
    for (const machine of world.machines) crash(world, machine, true);
    return 'all servers';
  },
  'crash-loop'(world) {
    const count = world.random.between(3, 6);
    let atMs = 0;
    for (let i = 0; i < count; i++) {
      world.agenda.in(atMs, () => crash(world, victim(world), world.random.chance(0.5)));
      atMs += world.random.duration(5, 400);
    }
    return `${count} times in ${Math.round(atMs)} ms`;
  },
  pause(world) {
    const machine = victim(world);
    machine.pause();
    return `server ${machine.id} ${later(world, () => machine.resume())}`;
  },
  /** The leader wakes up with its clock where it stood, and nothing tells it that the others have gone on without it. */
  'suspend-and-partition'(world) {
    const { agenda, random } = world;
    const machine = leader(world);
    machine.suspend();
    agenda.in(random.between(...SUSPENSION_MS), () => machine.resume());
    return `server ${machine.id} ${isolate(world, machine)}`;
  },
  'cut-connections'(world) {
    const machine = victim(world);
    world.network.cut(machine.address);
    return `of server ${machine.id}`;
  },
  'cut-some-connections'(world) {
    for (const { address } of world.machines) world.network.cut(address, 0.3);
    return '';
  },
  'cut-clients'(world) {
    for (const address of world.clients) world.network.cut(address, 0.7);
    return '';
  },
  'partition-one'(world) {
    const machine = victim(world);
    return `server ${machine.id} ${isolate(world, machine)}`;
  },
  'partition-one-way'(world) {
    const { address, id } = victim(world);
    const isFrom = world.random.chance(0.5);
    return `${isFrom ? 'from' : 'to'} server ${id} ${partition(world, (from, to) => (isFrom ? from : to) === address)}`;
  },
  'partition-pair'(world) {
    const [a, b] = [victim(world).address, world.random.pick(world.machines).address];
    return `${a} and ${b} ${partition(world, (from, to) => (from === a && to === b) || (from === b && to === a))}`;
  },
  'partition-halves'(world) {
    const side = new Set(world.machines.filter(() => world.random.chance(0.5)).map(({ address }) => address));
    return `${[...side].join()} ${partition(world, (from, to) => side.has(from) !== side.has(to))}`;
  },
  'partition-clients'(world) {
    const { network, random, clients } = world;
    const { address, id } = victim(world);
    for (const client of clients) {
      if (random.chance(0.7)) network.block(client, address);
      if (random.chance(0.7)) network.block(address, client);
    }
    return `from server ${id} ${later(world, () => network.heal())}`;
  },
  'slow-network'(world) {
    const { network, random } = world;
    network.maxDelayMs = random.duration(5, 100);
    return `${Math.round(network.maxDelayMs)} ms ${later(world, () => (network.maxDelayMs = 2))}`;
  },
  'slow-disk'(world) {
    const { disk, id } = victim(world);
    const times = world.random.duration(5, 100);
    disk.slowness = { log: times, others: times };
    return `of server ${id} ${later(world, () => disk.clean())}`;
  },
  'power-failure-at-snapshot'(world) {
    const machine = victim(world);
    const { disk } = machine;
    disk.slowness.log = world.random.duration(5, 200);
    disk.onNextSnapshot = () => {
      crash(world, machine, true);
      if (world.random.chance(0.5)) void disk.damageSnapshot();
    };
    return `of server ${machine.id} ${later(world, () => disk.clean())}`;
  },
  /** The leader begins a snapshot, is cut off and deposed, and crashes as soon as a snapshot is written after that. */
  'deposed-at-snapshot'(world) {
    const { agenda, random } = world;
    const machine = leader(world);
    const { disk } = machine;
    disk.snapshotsStallUntilMs = agenda.nowMs + random.between(DEPOSED_MS, 1.5 * DEPOSED_MS);
    agenda.in(random.between(1, 500), () => void machine.server?.snapshotter.take());
    agenda.in(DEPOSED_MS, () => (disk.onNextSnapshot = () => crash(world, machine, false)));
    return `server ${machine.id} ${isolate(world, machine, random.between(DEPOSED_MS, 3 * DEPOSED_MS))}`;
  },
  'damaged-snapshot'(world) {
    const machine = victim(world);
    crash(world, machine, true);
    void machine.disk.damageSnapshot();
    return `of server ${machine.id}`;
  },
  'full-disk'(world) {
    const machine = victim(world);
    machine.disk.fill();
    return `of server ${machine.id} ${later(world, () => machine.disk.clean())}`;
  },
  'wall-clock-jump'(world) {
    const machine = victim(world);
    const byMs = world.random.between(-3_600_000, 3_600_000);
    machine.jumpWallClock(byMs);
    return `of server ${machine.id} by ${byMs} ms`;
  },
};
