/** What one server of the ensemble says about itself, and what its disk adds. No I/O. */

export interface Ports {
  readonly client: number;
  readonly quorum: number;
  readonly election: number;
}

/** `stopped`: no process. `paused`: stopped by a signal, and goes on where it was. */
export type Condition = 'stopped' | 'paused' | 'running';

/** What is known without asking the server. */
export interface MemberFacts {
  readonly id: number;
  readonly kind: string;
  readonly isObserver: boolean;
  readonly condition: Condition;
  /** 0 while there is no process. */
  readonly pid: number;
  readonly ports: Ports;
  readonly dataDir: string;
}

/** Empty where there is none. */
export interface Answers {
  readonly srvr: string;
  readonly mntr: string;
  /** The file of that name: zxids show an epoch only from its first transaction on. */
  readonly currentEpoch: string;
}

export interface ServerStatus extends MemberFacts {
  /** leader, follower, observer; `none` while it does not serve. */
  readonly role: string;
  /** What it does: `leading - broadcast`, `not serving`, `paused`, `stopped`, … */
  readonly state: string;
  readonly epoch: number | undefined;
  /** The last transaction that it has applied. */
  readonly zxid: bigint | undefined;
  /** Transactions that the leader has applied and this server has not; undefined unless both are in one epoch. */
  readonly lag: number | undefined;
  readonly sessions: number | undefined;
  readonly connections: number | undefined;
  /** Mean time of a request, in ms. */
  readonly latencyMs: number | undefined;
}

/** Puts together what is known of all servers; `lag` is counted from the leader of the latest epoch. */
export function statusOf(members: readonly { facts: MemberFacts; answers: Answers }[]): ServerStatus[] {
  const all = members.map(({ facts, answers }) => single(facts, answers));
  const leader = leaderOf(all);
  return all.map((server) => ({ ...server, lag: lagBehind(leader, server) }));
}

/** Of two that say that they lead (one of them deposed and not aware) the one of the later epoch. */
export function leaderOf(all: readonly ServerStatus[]): ServerStatus | undefined {
  const leaders = all.filter(({ role }) => role === 'leader');
  return leaders.sort((a, b) => (b.epoch ?? 0) - (a.epoch ?? 0))[0];
}

function single(facts: MemberFacts, { srvr, mntr, currentEpoch }: Answers): ServerStatus {
  const role = /^Mode: (\S+)$/m.exec(srvr)?.[1];
  const zxid = /^Zxid: (0x[0-9a-f]+)$/m.exec(srvr)?.[1];
  const isServing = facts.condition === 'running' && role !== undefined && zxid !== undefined;
  if (!isServing)
    return { ...facts, ...nothingKnown, state: facts.condition === 'running' ? 'not serving' : facts.condition };
  const metric = (name: string): string | undefined => new RegExp(`^zk_${name}\\t(.*)$`, 'm').exec(mntr)?.[1];
  return {
    ...facts,
    role,
    state: metric('peer_state') ?? 'serving',
    epoch: numberOf(currentEpoch === '' ? undefined : currentEpoch),
    zxid: BigInt(zxid),
    lag: undefined,
    sessions: numberOf(metric('global_sessions')),
    connections: numberOf(metric('num_alive_connections')),
    latencyMs: numberOf(metric('avg_latency')),
  };
}

const nothingKnown = {
  role: 'none',
  epoch: undefined,
  zxid: undefined,
  lag: undefined,
  sessions: undefined,
  connections: undefined,
  latencyMs: undefined,
} as const;

function lagBehind(leader: ServerStatus | undefined, server: ServerStatus): number | undefined {
  if (leader?.zxid === undefined || server.zxid === undefined || leader.epoch !== server.epoch) return undefined;
  // A server in the leader's epoch has all of the epochs before.
  const done = leader.zxid >> 32n === server.zxid >> 32n ? counterOf(server.zxid) : 0;
  // Asked a moment apart, a follower may even be ahead of what its leader said.
  return Math.max(0, counterOf(leader.zxid) - done);
}

function counterOf(zxid: bigint): number {
  return Number(zxid & 0xffff_ffffn);
}

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}
