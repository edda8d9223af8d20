/** The servers of the pseudo-cluster: started on ports that one can remember, asked how they are, and told what to do. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnsembleProcesses, type Member, type MemberSpec } from '../lib/ensemble-processes.js';
import { fourLetterWord, type ServerKind } from '../lib/launch.js';
import type { Action, Order } from './commands.js';
import { removeRecord, writeRecord } from './record.js';
import { type Answers, type MemberFacts, type Ports, type ServerStatus, statusOf } from './status.js';

export interface ClusterOptions {
  readonly voters: number;
  readonly observers: number;
  /** `mixed` has both kinds in turn. */
  readonly kind: ServerKind | 'mixed';
  /** Client port of the first server; the others follow. */
  readonly basePort: number;
  readonly directory: string;
}

/** From the client port: with 2181 they are Apache's customary 2888 and 3888. */
const QUORUM_OFFSET = 707;
const ELECTION_OFFSET = 1_707;
const ANSWER_TIMEOUT_MS = 500;

export function portsOf(basePort: number, id: number): Ports {
  const client = basePort + id - 1;
  return { client, quorum: client + QUORUM_OFFSET, election: client + ELECTION_OFFSET };
}

export function kindsOf({ kind, voters, observers }: ClusterOptions): ServerKind[] {
  return Array.from({ length: voters + observers }, (_, i) =>
    kind === 'mixed' ? (['zk', 'apache'] as const)[i % 2]! : kind,
  );
}

export class Cluster {
  private constructor(
    private readonly directory: string,
    private readonly ensemble: EnsembleProcesses,
  ) {}

  /** Starts all servers at once, and waits for none. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const { directory, basePort, voters } = options;
    const members = kindsOf(options).map((kind, i): MemberSpec => ({ kind, isObserver: i >= voters }));
    const ports = (id: number): Ports => portsOf(basePort, id);
    const ensemble = await EnsembleProcesses.prepare({ members, directory, portsOf: ports });
    ensemble.startAll();
    const cluster = new Cluster(directory, ensemble);
    cluster.record();
    return cluster;
  }

  /** Asks all servers. */
  async status(): Promise<ServerStatus[]> {
    return ask(this.facts());
  }

  /** Until every server that runs serves. Throws LaunchError with their last lines after the deadline. */
  async waitAllServing(deadlineMs: number): Promise<void> {
    await this.ensemble.waitAllServing(deadlineMs);
  }

  async perform({ action, id }: Order): Promise<void> {
    await actions[action](this.ensemble.member(id));
    this.record();
  }

  /** Stops all servers in order; data and logs stay. */
  async stop(): Promise<void> {
    await this.ensemble.stopAll();
    removeRecord(this.directory);
  }

  private facts(): MemberFacts[] {
    return this.ensemble.members.map((member) => ({
      id: member.id,
      kind: member.kind,
      isObserver: member.spec.isObserver === true,
      condition: member.isPaused ? 'paused' : member.isRunning ? 'running' : 'stopped',
      pid: member.pid,
      dataDir: member.dataDir,
      ports: { client: member.clientPort, quorum: member.peer.quorumPort, election: member.peer.electionPort },
    }));
  }

  private record(): void {
    writeRecord(this.directory, { pid: process.pid, servers: this.facts() });
  }
}

const actions: Readonly<Record<Action, (member: Member) => Promise<void>>> = {
  kill: (member) => member.kill(),
  start: async (member) => {
    if (member.isPaused) member.resume();
    else member.start();
  },
  pause: async (member) => member.pause(),
  terminate: (member) => member.stop(),
  wipe: async (member) => {
    await member.kill();
    member.wipe();
  },
  exchange: async (member) => {
    await member.stop();
    member.become(member.kind === 'zk' ? 'apache' : 'zk');
    member.start();
  },
};

/** Asks the servers that run; one that does not answer in time does not serve. */
export async function ask(servers: readonly MemberFacts[]): Promise<ServerStatus[]> {
  const asked = servers.map(async (facts) => ({ facts, answers: await answersOf(facts) }));
  return statusOf(await Promise.all(asked));
}

async function answersOf({ condition, ports, dataDir }: MemberFacts): Promise<Answers> {
  if (condition !== 'running') return { srvr: '', mntr: '', currentEpoch: '' };
  const [srvr = '', mntr = ''] = await Promise.all(
    ['srvr', 'mntr'].map((word) => fourLetterWord(ports.client, word, '127.0.0.1', ANSWER_TIMEOUT_MS)),
  );
  const epochFile = join(dataDir, 'version-2', 'currentEpoch');
  return { srvr, mntr, currentEpoch: existsSync(epochFile) ? readFileSync(epochFile, 'utf8') : '' };
}
