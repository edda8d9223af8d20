import { WRITE_POINTS } from '@zk/zab';
import type { Agenda } from './agenda.js';
import type { Host } from './host.js';
import type { SimulatedNetwork } from './network.js';
import type { SeededRandom } from './random.js';

export interface FaultWorld {
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly hosts: readonly Host[];
  /** Names of {@link FAULTS}. */
  readonly kinds: readonly string[];
  note(text: () => string): void;
  count(what: string): void;
}

type Fault = (world: FaultWorld) => string;

/** Half of the time, who is hit is the leader: that is where it hurts. */
function victim({ random, hosts }: FaultWorld): Host {
  const leaders = hosts.filter((host) => host.isUp && host.role === 'leader');
  return leaders.length > 0 && random.chance(0.5) ? random.pick(leaders) : random.pick(hosts);
}

function others(hosts: readonly Host[], host: Host): Host[] {
  return hosts.filter((other) => other !== host);
}

function healLater({ agenda, random, network }: FaultWorld): number {
  const durationMs = random.duration(20, 8000);
  agenda.in(durationMs, () => network.heal());
  return Math.round(durationMs);
}

/** What can go wrong, by name. Each undoes itself after a while. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  crash(world) {
    const host = victim(world);
    host.crash('killed', false);
    return `server ${host.number}`;
  },
  'power-failure'(world) {
    const host = victim(world);
    host.crash('power failure', true);
    return `server ${host.number}`;
  },
  'power-failure-of-all'(world) {
    for (const host of world.hosts) host.crash('power failure', true);
    return 'all servers';
  },
  'crash-at-write'(world) {
    const host = world.random.pick(world.hosts);
    const plan = {
      point: world.random.pick(WRITE_POINTS),
      when: world.random.pick(['before', 'within', 'after'] as const),
    };
    host.disk.crashPlan = plan;
    // Something must be going on for the disk to come to that place.
    if (!plan.point.startsWith('broadcast')) world.network.cutAll(victim(world).number);
    return `server ${host.number} ${plan.when} ${plan.point}`;
  },
  'cut-connections'(world) {
    const host = victim(world);
    world.network.cutAll(host.number);
    return `of server ${host.number}`;
  },
  'cut-one-connection'(world) {
    const ids = world.network.linkIds;
    if (ids.length > 0) world.network.cut(world.random.pick(ids));
    return '';
  },
  'flapping-connections'(world) {
    const { agenda, random, network, hosts } = world;
    let timeMs = 0;
    const count = random.between(3, 15);
    for (let i = 0; i < count; i++) {
      agenda.in(timeMs, () => network.cutAll(random.pick(hosts).number));
      timeMs += random.duration(3, 150);
    }
    return `${count} times in ${Math.round(timeMs)} ms`;
  },
  'crash-loop'(world) {
    const { agenda, random, hosts } = world;
    let timeMs = 0;
    const count = random.between(3, 8);
    for (let i = 0; i < count; i++) {
      agenda.in(timeMs, () => random.pick(hosts).crash('killed in a loop', random.chance(0.3)));
      timeMs += random.duration(3, 300);
    }
    return `${count} times in ${Math.round(timeMs)} ms`;
  },
  'slow-leader-and-cuts'(world) {
    const { agenda, random, network, hosts } = world;
    const leader = hosts.find((host) => host.isServing && host.role === 'leader');
    if (leader === undefined) return 'no leader';
    leader.disk.slowness = random.duration(20, 300);
    let timeMs = random.duration(1, 20);
    const count = random.between(2, 10);
    for (let i = 0; i < count; i++) {
      agenda.in(timeMs, () => network.cutAll(random.pick(others(hosts, leader)).number));
      timeMs += random.duration(5, 100);
    }
    agenda.in(timeMs + random.duration(10, 1000), () => (leader.disk.slowness = 1));
    return `server ${leader.number}, ${count} cuts in ${Math.round(timeMs)} ms`;
  },
  'partition-one'(world) {
    const host = victim(world);
    for (const other of others(world.hosts, host)) {
      world.network.block(host.number, other.number);
      world.network.block(other.number, host.number);
    }
    return `server ${host.number} for ${healLater(world)} ms`;
  },
  'partition-one-way'(world) {
    const host = victim(world);
    const isOutgoing = world.random.chance(0.5);
    for (const other of others(world.hosts, host)) {
      if (isOutgoing) world.network.block(host.number, other.number);
      else world.network.block(other.number, host.number);
    }
    return `${isOutgoing ? 'from' : 'to'} server ${host.number} for ${healLater(world)} ms`;
  },
  'partition-halves'(world) {
    const sides = world.hosts.map(() => world.random.chance(0.5));
    world.hosts.forEach((a, i) =>
      world.hosts.forEach((b, k) => {
        if (sides[i] !== sides[k]) world.network.block(a.number, b.number);
      }),
    );
    return `${sides.map(Number).join('')} for ${healLater(world)} ms`;
  },
  'cut-one-pair'(world) {
    const host = victim(world);
    const other = world.random.pick(others(world.hosts, host));
    world.network.block(host.number, other.number);
    if (world.random.chance(0.5)) world.network.block(other.number, host.number);
    return `server ${host.number} to ${other.number} for ${healLater(world)} ms`;
  },
  pause(world) {
    const host = victim(world);
    const durationMs = world.random.duration(50, 6000);
    host.pause(durationMs);
    return `server ${host.number} for ${Math.round(durationMs)} ms`;
  },
  'slow-disk'(world) {
    const host = victim(world);
    host.disk.slowness = world.random.duration(10, 200);
    world.agenda.in(world.random.duration(100, 8000), () => (host.disk.slowness = 1));
    return `server ${host.number}, ${Math.round(host.disk.slowness)} times`;
  },
  'full-disk'(world) {
    const host = victim(world);
    host.disk.isFull = true;
    world.agenda.in(world.random.duration(20, 4000), () => host.disk.recover());
    return `server ${host.number}`;
  },
  'clock-drift'(world) {
    const { agenda, random, hosts } = world;
    for (const host of hosts) {
      const rate = random.duration(0.7, 1.4);
      host.changeClock((clock) => clock.drift(rate));
      agenda.in(random.duration(1000, 10_000), () => host.changeClock((clock) => clock.drift(1)));
    }
    return 'of all servers';
  },
  'clock-leap'(world) {
    const host = victim(world);
    const durationMs = world.random.duration(50, 20_000);
    host.changeClock((clock) => clock.leap(durationMs));
    return `of server ${host.number}, ${Math.round(durationMs)} ms`;
  },
  'slow-network'(world) {
    world.network.maxDelayMs = world.random.duration(10, 400);
    const slow = world.network.maxDelayMs;
    world.agenda.in(world.random.duration(50, 5000), () => (world.network.maxDelayMs = 3));
    return `up to ${Math.round(slow)} ms`;
  },
};

/** What makes no sense with a server that is alone. */
const NEEDS_OTHERS = new Set(['cut-one-pair', 'slow-leader-and-cuts']);

/** Faults come in company: a second one while the first is being dealt with finds more than two apart. */
export function injectFault(world: FaultWorld): void {
  const { random, agenda } = world;
  const count = random.chance(0.4) ? random.between(2, 3) : 1;
  const names = world.kinds.filter((name) => world.hosts.length > 1 || !NEEDS_OTHERS.has(name));
  for (let i = 0; i < count; i++) {
    agenda.in(i === 0 ? 0 : random.duration(1, 600), () => {
      const name = random.pick(names);
      const detail = FAULTS[name]!(world);
      world.count(`fault ${name}`);
      world.note(() => `fault ${name} ${detail}`);
    });
  }
}
