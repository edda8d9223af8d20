/** What a fault needs to know and to choose from. */
import type { EnsembleProcesses, Member } from '../lib/ensemble-processes.js';
import type { SeededRandom } from '../lib/random.js';
import type { BallastDisk } from './ballast-disk.js';
import type { Network } from './network.js';
import type { WallClocks } from './wall-clocks.js';

export interface Scene {
  readonly ensemble: EnsembleProcesses;
  readonly network: Network;
  readonly random: SeededRandom;
  /** One unit of patience of the ensemble, by which faults are measured: after a few of them a silent peer is dropped. */
  readonly tickMs: number;
  /** The disk that can be filled, where there is one. */
  readonly disk: BallastDisk | undefined;
  readonly wallClocks: WallClocks;
  /** Resolves after so long, or when the run ends. */
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Fault {
  readonly name: string;
  readonly weight: number;
  /** False for one that leaves too little behind to survive another one. */
  readonly isCompatible: boolean;
  /** The member may end by itself, and may be expected to. */
  readonly mayEndProcess?: boolean;
  /** Why it cannot be done here; undefined where it can. */
  readonly whyImpossible?: (scene: Scene) => string | undefined;
  /** Does it, and returns whom it hit. What needs time takes its time. */
  readonly apply: (scene: Scene) => Promise<string>;
}

/** Half of the members, less one: what an ensemble has to survive. */
export function minorityOf(scene: Scene): Member[] {
  const { members } = scene.ensemble;
  const count = Math.floor((members.length - 1) / 2);
  return shuffled(scene.random, members).slice(0, Math.max(1, count));
}

export function shuffled<T>(random: SeededRandom, items: readonly T[]): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(random.below(left.length), 1));
  return out;
}

export function names(members: readonly Member[]): string {
  return members.map(({ id }) => `server.${id}`).join(', ');
}

export type Victims = (scene: Scene) => Promise<Member[]>;

export const one: Victims = async (scene) => [scene.random.pick(scene.ensemble.members)];
export const minority: Victims = async (scene) => minorityOf(scene);
export const all: Victims = async ({ ensemble }) => [...ensemble.members];
export const leader: Victims = async (scene) => [
  (await scene.ensemble.leader()) ?? scene.random.pick(scene.ensemble.members),
];

/** Ends the process and starts another behind that wrapper. */
export async function restartBehind(member: Member, wrapper: readonly string[]): Promise<void> {
  await member.stop();
  member.start(wrapper);
}
