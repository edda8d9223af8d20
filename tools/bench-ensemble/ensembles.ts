/** Ensembles to be measured: how they are started, and who is who in them. */
import { EnsembleProcesses, type Member, type MemberSpec, type ZooConfig } from '../lib/ensemble-processes.js';
import type { ServerKind } from '../lib/launch.js';

export interface EnsembleShape {
  readonly voters: number;
  readonly observers?: number;
  readonly config?: ZooConfig;
  /** Where our servers leave profiles of their processor time when they end. */
  readonly profiles?: string | undefined;
}

/** An ensemble of one kind. */
export interface Measured {
  readonly kind: ServerKind;
  readonly ensemble: EnsembleProcesses;
}

/** The heap of zkServer.sh, which is what its users run with. */
const APACHE_HEAP = '-Xmx1000m';
const START_DEADLINE_MS = 120_000;

export async function startEnsemble(kind: ServerKind, shape: EnsembleShape): Promise<Measured> {
  const { voters, observers = 0, config = {}, profiles } = shape;
  const ours = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const runtimeArgs = kind === 'apache' ? [APACHE_HEAP] : ours;
  const members = Array.from({ length: voters + observers }, (_, i): MemberSpec => {
    return { kind, isObserver: i >= voters, runtimeArgs };
  });
  return { kind, ensemble: await EnsembleProcesses.start({ members, config }, START_DEADLINE_MS) };
}

/** One of each kind, side by side: what idles costs next to nothing, and both see the same machine. */
export async function startEnsembles(kinds: readonly ServerKind[], shape: EnsembleShape): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const kind of kinds) all.push(await startEnsemble(kind, shape));
  return all;
}

export async function stopEnsembles(all: readonly Measured[]): Promise<void> {
  for (const { ensemble } of all) {
    await ensemble.stopAll();
    await ensemble.dispose();
  }
}

export interface Roles {
  readonly leader: Member;
  /** By number; observers are not among them. */
  readonly followers: readonly Member[];
}

/** Waits until everybody serves. */
export async function rolesOf({ ensemble }: Measured): Promise<Roles> {
  await ensemble.waitAllServing();
  const leader = await ensemble.waitLeader();
  const followers = ensemble.members.filter((member) => member !== leader && member.spec.isObserver !== true);
  return { leader, followers };
}

/** As the load generator takes them. */
export function portsOf(members: readonly Member[]): string {
  return members.map((member) => member.clientPort).join(',');
}

export function pidsOf(members: readonly Member[]): string {
  return members.map((member) => member.pid).join(',');
}
