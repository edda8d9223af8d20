/**
 * A rolling migration: three servers of Apache's become ours one at a time, each on the data directory that it has, and
 * then Apache's again, while clients of all kinds go on with what they do.
 */
import { join } from 'node:path';

import type { EnsembleProcesses, Member } from '../lib/ensemble-processes.ts';
import { fourLetterWord } from '../lib/launch.ts';
import type { ServerKind } from '../lib/launch.ts';
import { RawClient } from '../lib/raw-client.ts';
import { Op, body } from '../lib/wire.ts';
import { compareMembers, titleOf } from './ensemble/compare.ts';
import { clientPorts, startLedByLast } from './ensemble/members.ts';
import { APACHE_SYNC_ATTEMPTS, Workload } from './ensemble/workload.ts';
import type { PeerReport } from './harness.ts';
import { INTEROP_DIR, compileJava, installApache, installKazoo } from './install.ts';
import { javaArgs } from './java.ts';
import type { Peer, PeerContext } from './peers.ts';

const ROOT = '/ridden';
const ROUND_TRIPS = 1;
const LONG_ROUND_TRIPS = 5;
/** Acknowledged writes between two exchanges. */
const STRETCH = 200;
const PROGRESS_DEADLINE_MS = 60_000;
const RIDE_LIMIT_MS = 1_800_000;
/** What a client may take to find another server, behind the moment when there is one. */
const RECONNECT_MS = 3_000;

/** From when to when the loss of a connection, or a wait, has a reason; in ms since 1970. */
interface Exchange {
  readonly title: string;
  readonly from: number;
  to: number;
}

export const migration: Peer = {
  name: 'migration',
  title: "three servers of Apache's become ours one by one, and Apache's again, with clients connected",
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    const home = await compileJava(await installApache(), [join(INTEROP_DIR, 'migration/Rider.java')]);
    const { python } = await installKazoo();
    const script = join(INTEROP_DIR, 'migration/rider.py');
    return async (context) => {
      const ensemble = await startLedByLast([{ make: 'apache' }, { make: 'apache' }, { make: 'apache' }]);
      try {
        const riders: readonly RiderProgram[] = [
          { name: 'the Java client', program: 'java', args: javaArgs(home, 'Rider', ensemble.hosts(), ROOT) },
          { name: 'kazoo', program: python, args: [script, ensemble.hosts(), ROOT] },
        ];
        await migrate(context, ensemble, riders);
      } finally {
        await ensemble.dispose();
      }
    };
  },
};

interface RiderProgram {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

async function migrate(
  context: PeerContext,
  ensemble: EnsembleProcesses,
  programs: readonly RiderProgram[],
): Promise<void> {
  const { report, against, isLong } = context;
  await create(ensemble, ROOT);
  const workload = await Workload.start({
    ports: clientPorts(ensemble.members),
    root: '/checked',
    syncAttempts: APACHE_SYNC_ATTEMPTS,
  });
  const rides = programs.map((program) => new Ride(report, program));
  const exchanges: Exchange[] = [];
  for (let trip = 1; trip <= (isLong ? LONG_ROUND_TRIPS : ROUND_TRIPS); trip++) {
    for (const kind of [against, 'apache'] as const) {
      await exchangeAll(report, ensemble, kind, workload, exchanges);
    }
  }
  await create(ensemble, `${ROOT}/end`);
  for (const ride of rides) await ride.finish(exchanges);
  await workload.finish(report, 'migration');
  await compareMembers(report, 'migration', ensemble.members);
}

/** Followers first and the leader last, as an operator would. */
async function exchangeAll(
  report: PeerReport,
  ensemble: EnsembleProcesses,
  kind: ServerKind,
  workload: Workload,
  exchanges: Exchange[],
): Promise<void> {
  const leader = await ensemble.waitLeader();
  const order = [...ensemble.members.filter((member) => member !== leader), leader];
  for (const member of order) {
    const before = titleOf(member);
    const exchange: Exchange = { title: before, from: Date.now(), to: Infinity };
    exchanges.push(exchange);
    await member.stop();
    member.become(kind);
    member.start();
    await member.waitServing();
    await ensemble.waitLeader();
    await followersAreSynced(ensemble);
    exchange.to = Date.now() + RECONNECT_MS;
    const from = workload.acknowledged;
    const isDone = await workload.progress(STRETCH, PROGRESS_DEADLINE_MS);
    const sentence = `${before} becomes ${titleOf(member)}, and clients go on`;
    report.check(sentence, isDone, `${workload.acknowledged - from} writes within ${PROGRESS_DEADLINE_MS} ms`);
  }
}

/** The next one may go only when the leader counts on all others. */
async function followersAreSynced(ensemble: EnsembleProcesses): Promise<void> {
  const leader = await ensemble.waitLeader();
  const wanted = ensemble.members.length - 1;
  const deadline = performance.now() + PROGRESS_DEADLINE_MS;
  for (;;) {
    const mntr = await fourLetterWord(leader.clientPort, 'mntr', leader.address);
    if (Number(/^zk_synced_followers\s+(\d+)/m.exec(mntr)?.[1]) >= wanted) return;
    if (performance.now() > deadline) throw new Error(`${titleOf(leader)} does not count ${wanted} synced followers`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

async function create(ensemble: EnsembleProcesses, path: string): Promise<void> {
  const [member] = ensemble.members as [Member];
  const client = await RawClient.open({ port: member.clientPort });
  await client.request(Op.create, body.create(path, null));
  await client.close();
}

/** A client of another make that stays connected from the first exchange to the last. */
class Ride {
  private readonly lost: number[] = [];
  private readonly gaps: (readonly [from: number, to: number])[] = [];
  private readonly ended: Promise<void>;

  constructor(
    private readonly report: PeerReport,
    private readonly rider: RiderProgram,
  ) {
    this.ended = report.program(rider.program, rider.args, {
      timeoutMs: RIDE_LIMIT_MS,
      env: { PYTHONDONTWRITEBYTECODE: '1' },
      onLine: (line) => this.note(line),
    });
  }

  async finish(exchanges: readonly Exchange[]): Promise<void> {
    await this.ended;
    const { name } = this.rider;
    const isExplained = (from: number, to: number): boolean =>
      exchanges.some((one) => from <= one.to && to >= one.from);
    const strange = this.lost.filter((at) => !isExplained(at, at));
    const sentence = `${name} lost its connection only while a server was exchanged (${this.lost.length} times)`;
    this.report.check(sentence, strange.length === 0, `at ${strange.join(', ')}`);
    this.report.check(`${name} lost it no oftener than servers were`, this.lost.length <= 2 * exchanges.length);
    const waits = this.gaps.filter(([from, to]) => !isExplained(from, to)).map(([from, to]) => `${to - from} ms`);
    this.report.check(`${name} waited longer than a second only then`, waits.length === 0, waits.join(', '));
  }

  private note(line: string): void {
    const [what, ...numbers] = line.split(' ');
    const [from = 0, to = 0] = numbers.map(Number);
    if (what === 'lost') this.lost.push(from);
    if (what === 'gap') this.gaps.push([from, to]);
  }
}
