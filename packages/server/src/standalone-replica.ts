import type { SnapshotInfo } from '@zk/contracts';
import type { DecodedSnapshot } from '@zk/data-tree';
import { RequestPipeline } from '@zk/request-pipeline';
import type { SessionTracker } from '@zk/session';
import { hex64, hiOf, loOf } from '@zk/model';
import { newSessionTracker } from './new-session-tracker.js';
import type { PersistedSession } from './snapshotter.js';
import { type Replica, type ReplicaHost, type ReplicaParts, pipelineOptionsOf } from './replica.js';

/** A server on its own: what is durable in its log is committed. */
export class StandaloneReplica implements Replica {
  private sessions: SessionTracker;
  private pipeline: RequestPipeline | undefined;
  private hasUnsynced = false;

  constructor(
    private readonly host: ReplicaHost,
    private readonly parts: ReplicaParts,
  ) {
    this.sessions = this.newSessions();
  }

  async start(): Promise<void> {
    const { database, snapshotter } = this.host;
    const { storage, logger } = this.parts;
    await storage.open();
    const report = await database.load();
    logger.info(
      {
        snapshot: report.snapshot,
        replayedTxns: report.replayedTxns,
        zxid: `0x${hex64(report.zxid)}`,
        durationMs: Math.round(report.durationMs),
      },
      'data loaded',
    );
    storage.log.listen({
      onDurable: (hi, lo) => this.pipeline?.commit(hi, lo, this.host.turnNow()),
      onFailure: (error) => this.logFailed(error),
      onRecovered: () => this.logRecovered(),
      onFatal: (error) => this.logIsLost(error),
    });
    this.trackSessions();
    this.serve();
    snapshotter.addReplayed(report.replayedTxns);
    if (report.snapshot === undefined && (await snapshotter.take()) === undefined) {
      throw new Error('the first snapshot could not be written, so nothing would be found again after a restart');
    }
  }

  async restore(snapshot: DecodedSnapshot): Promise<void> {
    if (this.pipeline === undefined || this.pipeline.inFlight > 0) throw new Error('the log takes no writes');
    const { database, snapshotter } = this.host;
    const sessions = new Map([...this.sessions.sessions()].map(({ id, timeoutMs }) => [id, timeoutMs]));
    const before = { tree: database.tree, sessions, nodesWithoutAcl: 0 };
    this.host.suspend();
    let written: SnapshotInfo | undefined;
    try {
      await snapshotter.abandon();
      database.replaceWith(snapshot);
      this.trackSessions();
      this.parts.storage.log.roll();
      written = await snapshotter.take();
    } finally {
      if (written === undefined) {
        database.become(before);
        this.trackSessions();
      }
      this.serve();
    }
    if (written === undefined) throw new Error('it could not be written to the disk; everything is as before');
  }

  /** From here on the tracker knows the sessions of the database. */
  private trackSessions(): void {
    const { database } = this.host;
    this.sessions = this.newSessions();
    const nowMs = this.parts.clock.monotonicMs();
    for (const [id, timeoutMs] of database.sessions) this.sessions.track(hiOf(id), loOf(id), timeoutMs, nowMs);
    database.sessions.clear();
  }

  private newSessions(): SessionTracker {
    const { host, parts } = this;
    return newSessionTracker(host.options, parts.clock, (session) => host.expireSession(session));
  }

  private serve(): void {
    this.pipeline = this.newPipeline();
    this.host.serve(this.pipeline, this.sessions);
  }

  endTurn(): void {
    if (!this.hasUnsynced) return;
    this.hasUnsynced = false;
    const { log } = this.parts.storage;
    log.sync();
    this.host.snapshotter.check(log);
  }

  *persistedSessions(): Iterable<PersistedSession> {
    for (const { id, timeoutMs } of this.sessions.sessions()) yield { id, timeoutMs };
  }

  get canFinish(): boolean {
    return this.pipeline?.acceptsWrites ?? false;
  }

  async stop(): Promise<void> {
    await this.parts.storage.close();
  }

  private newPipeline(): RequestPipeline {
    const { host } = this;
    const { storage, providers, clock } = this.parts;
    const { database } = host;
    const { log } = storage;
    return new RequestPipeline(
      {
        tree: database.tree,
        watches: database.watches,
        sessions: this.sessions,
        providers,
        clock,
        ...host.latencies,
        proposer: {
          propose: (hi, lo, bytes, start, end) => {
            log.append(hi, lo, bytes, start, end);
            this.hasUnsynced = true;
            host.turnNow();
          },
        },
        onSession: (kind, session) => host.sessionChanged(kind, session),
        onDigest: (zxidHi, zxidLo) => database.digests.add(zxidHi, zxidLo, database.tree.digest),
      },
      pipelineOptionsOf(host.options),
    );
  }

  private logFailed(error: Error): void {
    this.parts.logger.error({ err: error }, 'the log cannot be written: writes are refused, reads go on; trying again');
    this.host.setDegraded(true);
    this.pipeline?.abandon(this.host.turnNow());
  }

  private logRecovered(): void {
    this.parts.logger.info({}, 'the log can be written again: writes are accepted');
    if (this.pipeline !== undefined) this.pipeline.acceptsWrites = true;
    this.host.setDegraded(false);
  }

  private logIsLost(error: Error): void {
    this.parts.logger.fatal({ err: error }, 'syncing the log failed: what is on disk is unknown, so the server stops');
    if (this.pipeline !== undefined) this.pipeline.acceptsWrites = false;
    this.host.fail(error);
  }
}
