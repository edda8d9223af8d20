/** An ensemble with everybody on it: the checked workload, and riders of other makes, while servers come and go. */
import { setTimeout as delay } from 'node:timers/promises';

import type { EnsembleProcesses, Member } from '../../lib/ensemble-processes.ts';
import { fourLetterWord } from '../../lib/launch.ts';
import { RawClient } from '../../lib/raw-client.ts';
import { Op, body } from '../../lib/wire.ts';
import type { PeerReport } from '../harness.ts';
import { compareMembers, titleOf } from './compare.ts';
import { Heartbeat } from './heartbeat.ts';
import { clientPorts } from './members.ts';
import { RIDE_END, RIDE_ROOT, Ride } from './ride.ts';
import type { Disturbance, RiderProgram } from './ride.ts';
import { Workload } from './workload.ts';

/** Acknowledged writes between two events. */
const STRETCH = 200;
const DEADLINE_MS = 60_000;
/** What a client may take to find another server, behind the moment when there is one. */
const RECONNECT_MS = 3_000;
/** What one question of many may take. */
const POLL_TIMEOUT_MS = 2_000;

export interface VoyageOptions {
  readonly report: PeerReport;
  readonly name: string;
  readonly ensemble: EnsembleProcesses;
  readonly riders?: readonly RiderProgram[];
  readonly syncAttempts: number;
}

export class Voyage {
  private readonly disturbances: Disturbance[] = [];

  private constructor(
    private readonly options: VoyageOptions,
    private readonly workload: Workload,
    private readonly rides: readonly Ride[],
    private readonly heartbeat: Heartbeat,
  ) {}

  static async start(options: VoyageOptions): Promise<Voyage> {
    const { report, ensemble, riders = [], syncAttempts } = options;
    await create(ensemble, RIDE_ROOT);
    const workload = await Workload.start({ ports: clientPorts(ensemble.members), root: '/checked', syncAttempts });
    const heartbeat = await Heartbeat.start(ensemble.directory);
    const rides = riders.map((rider) => new Ride(report, rider));
    for (const ride of rides) await ride.ready();
    return new Voyage(options, workload, rides, heartbeat);
  }

  /** Clients may lose their connections while the action runs; when it is done all servers serve, and clients write. */
  async disturb(what: string, action: () => Promise<void>): Promise<void> {
    await this.expectWrites(`before ${what}`);
    const disturbance: Disturbance = { from: Date.now(), to: Infinity };
    this.disturbances.push(disturbance);
    await action();
    await this.options.ensemble.waitAllServing();
    await followersAreSynced(this.options.ensemble);
    disturbance.to = Date.now() + RECONNECT_MS;
    await this.expectWrites(`when ${what}`);
  }

  async expectWrites(when: string): Promise<void> {
    const { report, name } = this.options;
    const before = this.workload.acknowledged;
    const isDone = await this.workload.progress(STRETCH, DEADLINE_MS);
    const detail = `${this.workload.acknowledged - before} writes within ${DEADLINE_MS} ms`;
    report.check(`${name}: clients write ${when}`, isDone, detail);
  }

  /** Compares all members while nobody writes. */
  async compare(when: string): Promise<void> {
    const { report, name, ensemble } = this.options;
    await this.workload.whilePaused(async () => {
      await compareMembers(report, `${name}, ${when}`, ensemble.members, RIDE_ROOT);
    });
  }

  /** Everybody says what became of it, and the members are compared. */
  async finish(): Promise<void> {
    const { report, name, ensemble } = this.options;
    await create(ensemble, RIDE_END);
    for (const ride of this.rides) await ride.ended;
    const stalls = await this.heartbeat.stop();
    for (const ride of this.rides) ride.judge(this.disturbances, stalls);
    await this.workload.finish(report, name);
    await compareMembers(report, name, ensemble.members);
  }
}

/** Until the leader counts on all others: only then may the next one go. */
async function followersAreSynced(ensemble: EnsembleProcesses): Promise<void> {
  const wanted = ensemble.members.filter(({ spec }) => spec.isObserver !== true).length - 1;
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const leader = await ensemble.waitLeader();
    const mntr = await fourLetterWord(leader.clientPort, 'mntr', leader.address, POLL_TIMEOUT_MS);
    if (Number(/^zk_synced_followers\s+(\d+)/m.exec(mntr)?.[1]) >= wanted) return;
    if (performance.now() > deadline) throw new Error(`${titleOf(leader)} does not count ${wanted} synced followers`);
    await delay(100);
  }
}

async function create(ensemble: EnsembleProcesses, path: string): Promise<void> {
  const [member] = ensemble.members as [Member];
  const client = await RawClient.open({ port: member.clientPort });
  await client.request(Op.create, body.create(path, null));
  await client.close();
}
