/**
 * The main part of the crash test: load, SIGKILL at a random moment, restart on the same directory, compare; again and
 * again. SIGKILL keeps what the process had written to the page cache, so this shows recovery, atomicity and order; that
 * a sync precedes each acknowledgement is shown by sync-before-ack.ts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fourLetterWord, launch, LaunchError, type RunningServer, type ServerKind } from '../lib/launch.js';
import { SeededRandom } from '../lib/random.js';
import { ConnectionLost, RawClient } from '../lib/raw-client.js';
import { progress, type Checks } from '../lib/report.js';
import { body, Op } from '../lib/wire.js';
import type { ActualNode } from './model.js';
import { GHOSTS, SessionChurn, SESSIONS, verifyGhosts } from './sessions.js';
import { COUNTER, SEQUENCE, SharedModel } from './shared.js';
import { readSubtree } from './tree-reader.js';
import { Worker } from './worker.js';

export interface KillSettings {
  readonly kind: ServerKind;
  readonly dataDir: string;
  readonly kills: number;
  readonly seed: number;
  readonly workers: number;
  readonly outstanding: number;
  /** Stands between the kill and the restart; the self-test damages the data directory here. */
  readonly betweenKillAndStart?: (round: number) => void;
  /** Ends after the first round with a failed check. */
  readonly stopsAtFailure: boolean;
}

export interface KillStatistics {
  kills: number;
  acknowledged: number;
  inFlight: number;
  sessions: number;
  killsDuringStart: number;
}

const WORKER_TIMEOUT_MS = 60_000;

export async function runKillRounds(settings: KillSettings, checks: Checks): Promise<KillStatistics> {
  const run = new KillRun(settings, checks);
  await run.prepare();
  for (let round = 1; round <= settings.kills; round++) {
    const before = checks.failed;
    await run.round(round);
    if (settings.stopsAtFailure && checks.failed > before) {
      await run.abandon();
      return run.statistics;
    }
  }
  await run.finish();
  return run.statistics;
}

class KillRun {
  readonly statistics: KillStatistics = { kills: 0, acknowledged: 0, inFlight: 0, sessions: 0, killsDuringStart: 0 };
  private readonly random: SeededRandom;
  private readonly shared = new SharedModel();
  private readonly churn: SessionChurn;
  private workers: Worker[] = [];
  private server: RunningServer | undefined;
  private isServerUp = false;
  private roundNumber = 0;

  constructor(
    private readonly settings: KillSettings,
    private readonly checks: Checks,
  ) {
    this.random = new SeededRandom(settings.seed);
    this.churn = new SessionChurn(new SeededRandom(settings.seed + 7));
  }

  async prepare(): Promise<void> {
    this.server = await this.start();
    const setup = await RawClient.open({ port: this.server.port });
    for (const path of ['/crash', COUNTER, SEQUENCE, SESSIONS, GHOSTS]) {
      await setup.request(Op.create, body.create(path, Buffer.alloc(0)));
    }
    for (let i = 0; i < this.settings.workers; i++) {
      const created = await setup.request(Op.create, body.create(`/crash/w${i}`, Buffer.alloc(0)));
      const worker = new Worker(i, created.zxid, new SeededRandom(this.settings.seed + 100 + i), this.shared, {
        outstanding: this.settings.outstanding,
        sessionTimeoutMs: WORKER_TIMEOUT_MS,
        complain: (what) => this.checks.fail('during load', `round ${this.roundNumber}: ${what}`),
        isServerUp: () => this.isServerUp,
      });
      this.workers.push(worker);
    }
    await setup.close();
    for (const worker of this.workers) await worker.connect(this.server.port);
  }

  /** Load, kill, restart, verify. */
  async round(number: number): Promise<void> {
    this.roundNumber = number;
    const { server } = this;
    if (server === undefined) return;
    const acknowledgedBefore = this.acknowledged();
    this.isServerUp = true;
    let isStopping = false;
    const runs = this.workers.map((worker) => worker.run(server.port));
    const churn = this.churn.run(server.port, () => isStopping);
    await Promise.race([delay(this.random.between(30, 1_200)), server.exited]);
    if (server.hasExited())
      this.checks.fail('server stays up', `round ${number}: it ended by itself: ${server.output()}`);
    this.isServerUp = false;
    isStopping = true;
    for (const worker of this.workers) worker.stop();
    await server.kill();
    await Promise.all([...runs, churn]);
    this.statistics.kills++;
    this.statistics.acknowledged = this.acknowledged();
    this.statistics.sessions = this.churn.opened;
    const inFlight = this.workers.reduce((sum, worker) => sum + worker.inFlightCount, 0);
    this.statistics.inFlight += inFlight;
    progress(
      `round ${number}/${this.settings.kills}: ${this.acknowledged() - acknowledgedBefore} acknowledged, ${inFlight} in flight, ${this.checks.failed} failed`,
    );
    this.settings.betweenKillAndStart?.(number);
    if (this.random.chance(0.3)) await this.killWhileStarting();
    this.server = await this.start();
    await this.verify();
  }

  async finish(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    for (const worker of this.workers) await worker.finish();
    const reader = await RawClient.open({ port: server.port });
    for (const worker of this.workers) {
      const complaint = worker.verify(await readSubtree(reader, worker.root));
      this.checks.check(
        'closing a session removes its ephemerals and nothing else',
        complaint === undefined,
        complaint ?? worker.root,
      );
    }
    await reader.close();
    await server.kill();
  }

  /** Ends without further checks. */
  async abandon(): Promise<void> {
    for (const worker of this.workers) worker.disconnect();
    await this.server?.kill();
  }

  private acknowledged(): number {
    return this.workers.reduce((sum, worker) => sum + worker.acknowledged, 0);
  }

  private start(): Promise<RunningServer> {
    // Small limits bring snapshots and log rolls into every round.
    const config = {
      tickTime: 200,
      minSessionTimeout: 400,
      maxSessionTimeout: 120_000,
      snapCount: this.random.pick([100, 500, 2_000, 20_000, 100_000]),
      preAllocSize: this.random.pick([16, 64, 1_024, 65_536]),
    };
    return launch({ kind: this.settings.kind, dataDir: this.settings.dataDir, config, readyDeadlineMs: 120_000 });
  }

  private async killWhileStarting(): Promise<void> {
    this.statistics.killsDuringStart++;
    const afterMs = this.random.below(600);
    try {
      const server = await launch({
        kind: this.settings.kind,
        dataDir: this.settings.dataDir,
        onSpawn: (kill) => setTimeout(kill, afterMs),
      });
      await server.kill();
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error;
    }
  }

  private async verify(): Promise<void> {
    const { server, checks } = this;
    if (server === undefined) return;
    const highest = this.workers.reduce((max, worker) => (worker.highestZxid > max ? worker.highestZxid : max), 0n);
    const zxid = zxidOf(await fourLetterWord(server.port, 'srvr'));
    const where = `round ${this.roundNumber}`;
    checks.check(
      'zxid never goes back',
      zxid >= highest,
      `${where}: server at 0x${zxid.toString(16)}, acknowledged 0x${highest.toString(16)}`,
    );

    for (const worker of this.workers) {
      try {
        await worker.connect(server.port);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        checks.fail(
          'sessions survive a restart',
          `${where}: worker ${worker.index} is turned away (it has seen zxid 0x${worker.highestZxid.toString(16)})`,
        );
      }
    }
    const reader = await RawClient.open({ port: server.port, timeoutMs: WORKER_TIMEOUT_MS });
    let newest = 0n;
    for (const worker of this.workers) {
      const actual = await readSubtree(reader, worker.root);
      newest = highestIn(actual, newest);
      const complaint = worker.verify(actual);
      checks.check(
        'acknowledged writes are there, others all or none',
        complaint === undefined,
        `${where}: ${complaint ?? worker.root}`,
      );
    }
    checks.check(
      'no znode is newer than the server',
      newest <= zxid,
      `${where}: 0x${newest.toString(16)}, server 0x${zxid.toString(16)}`,
    );
    await this.verifyShared(reader, where);
    const closed = this.workers.flatMap((worker) => worker.closedSessions.slice(-2));
    const complaints = await this.churn.verify(server.port, reader, closed);
    checks.check('sessions and their ephemerals agree', complaints.length === 0, `${where}: ${complaints.join('; ')}`);
    const ghosts = await verifyGhosts(reader);
    checks.check('abandoned sessions expire', ghosts === undefined, `${where}: ${ghosts ?? ''}`);
    await reader.close();
  }

  private async verifyShared(reader: RawClient, where: string): Promise<void> {
    const counter = (await readSubtree(reader, COUNTER)).get(COUNTER);
    const sequence = await readSubtree(reader, SEQUENCE);
    sequence.delete(SEQUENCE);
    const complaints = counter === undefined ? [`${COUNTER} is missing`] : this.shared.verify(counter, sequence);
    this.checks.check(
      'shared znodes keep every acknowledgement',
      complaints.length === 0,
      `${where}: ${complaints.join('; ')}`,
    );
    if (sequence.size < 400) return;
    await Promise.all(
      [...sequence.keys()].map(async (path) => {
        const reply = await reader.request(Op.delete, body.delete(path));
        if (reply.error === 0) this.shared.removed(path);
        else this.checks.fail('shared znodes can be deleted', `${where}: ${path}: error ${reply.error}`);
      }),
    );
  }
}

function highestIn(actual: ReadonlyMap<string, ActualNode>, start: bigint): bigint {
  let highest = start;
  for (const { stat } of actual.values()) {
    for (const zxid of [stat.czxid, stat.mzxid, stat.pzxid]) if (zxid > highest) highest = zxid;
  }
  return highest;
}

/** The "Zxid: 0x…" line of srvr. */
export function zxidOf(srvr: string): bigint {
  const match = /^Zxid: (0x[0-9a-f]+)$/m.exec(srvr);
  return match?.[1] === undefined ? -1n : BigInt(match[1]);
}
