/** Ensembles as the checks want them: their settings, who is to lead, and what is done to them. */
import { EnsembleProcesses } from '../../lib/ensemble-processes.ts';
import type { Member, MemberSpec, ZooConfig } from '../../lib/ensemble-processes.ts';
import type { ServerKind } from '../../lib/launch.ts';
import { installApache38 } from '../install.ts';
import { MACHINE_SETTINGS, SERVER_SETTINGS } from '../server.ts';

/** A server of an ensemble: ours, or Apache's 3.9 or 3.8. */
export type Make = 'zk' | 'apache' | 'apache38';

export interface Seat {
  readonly make: Make;
  readonly isObserver?: boolean;
  /** Where it listens for peers; on 127.0.0.1 unless given. */
  readonly peerAddress?: string;
  /** Where it listens for them as well. */
  readonly secondPeerAddress?: string;
  /** More zoo.cfg keys, for either make. */
  readonly config?: ZooConfig;
  /** More system properties of Apache's Java. */
  readonly properties?: ZooConfig;
}

/** Seats without anything of their own. */
export function voters(...makes: readonly Make[]): Seat[] {
  return makes.map((make) => ({ make }));
}

const SETTINGS: ZooConfig = {
  ...SERVER_SETTINGS,
  ...MACHINE_SETTINGS,
  tickTime: 500,
  initLimit: 30,
  syncLimit: 10,
};

const JAVA_FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

export async function memberSpec(seat: Seat): Promise<MemberSpec> {
  const { make, isObserver, peerAddress, secondPeerAddress, config, properties } = seat;
  const defined = Object.entries({ ...MACHINE_SETTINGS, ...properties }).map(([name, value]) => `-D${name}=${value}`);
  return {
    kind: make === 'zk' ? 'zk' : 'apache',
    isObserver: isObserver === true,
    // Also where the member is ours at first: it may be exchanged.
    env: { JAVA_TOOL_OPTIONS: [...JAVA_FLAGS, ...defined].join(' ') },
    ...(peerAddress === undefined ? {} : { peerAddress }),
    ...(secondPeerAddress === undefined ? {} : { secondPeerAddress }),
    ...(config === undefined ? {} : { config }),
    ...(make === 'apache38' ? { apacheLib: (await installApache38()).libDir } : {}),
  };
}

/** Starts servers such that the last of them leads: two of them elect before the others come. */
export async function startLedByLast(seats: readonly Seat[], config: ZooConfig = {}): Promise<EnsembleProcesses> {
  const members = await Promise.all(seats.map(memberSpec));
  const ensemble = await EnsembleProcesses.prepare({ members, config: { ...SETTINGS, ...config } });
  const voters = ensemble.members.filter((member) => member.spec.isObserver !== true);
  for (const member of voters.slice(-majority(voters.length))) member.start();
  await ensemble.waitAllServing();
  ensemble.startAll();
  await ensemble.waitAllServing();
  return ensemble;
}

export function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

export function clientPorts(members: readonly Member[]): number[] {
  return members.map((member) => member.clientPort);
}

/** Ours where Apache's server is to show that the checks are right. */
export function seatsAgainst(kind: ServerKind, seats: readonly Seat[]): Seat[] {
  return seats.map((seat) => (kind === 'apache' && seat.make === 'zk' ? { ...seat, make: 'apache' } : seat));
}
