import { RequestPipeline } from '@zk/request-pipeline';
import { SessionTracker } from '@zk/session';
import { hex64, hiOf, loOf } from '@zk/model';
import type { PersistedSession } from './snapshotter.js';
import { type Replica, type ReplicaHost, type ReplicaParts, pipelineOptionsOf } from './replica.js';

/** A server on its own: what is durable in its log is committed. */
export class StandaloneReplica implements Replica {
  private readonly sessions: SessionTracker;
  private pipeline: RequestPipeline | undefined;
  private hasUnsynced = false;

  constructor(
    private readonly host: ReplicaHost,
    private readonly parts: ReplicaParts,
  ) {
    const { tickTimeMs, serverId } = host.options;
    this.sessions = new SessionTracker({
      tickTimeMs,
      serverId,
      startMs: Math.floor(parts.clock.wallMs()),
      onExpire: (session) => host.expireSession(session),
    });
  }

  async start(): Promise<void> {
    const { database, snapshotter } = this.host;
    const { storage, clock, logger } = this.parts;
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
    const nowMs = clock.monotonicMs();
    for (const [id, timeoutMs] of database.sessions) this.sessions.track(hiOf(id), loOf(id), timeoutMs, nowMs);
    // From here on the tracker knows them.
    database.sessions.clear();
    this.pipeline = this.newPipeline();
    this.host.serve(this.pipeline, this.sessions);
    snapshotter.addReplayed(report.replayedTxns);
    if (report.snapshot === undefined && (await snapshotter.take()) === undefined) {
      throw new Error('the first snapshot could not be written, so nothing would be found again after a restart');
    }
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
    const pipeline = new RequestPipeline(
      {
        tree: database.tree,
        watches: database.watches,
        sessions: this.sessions,
        providers,
        clock,
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
    log.listen({
      onDurable: (hi, lo) => pipeline.commit(hi, lo, host.turnNow()),
      onFailure: (error) => this.logFailed(pipeline, error),
      onRecovered: () => this.logRecovered(pipeline),
      onFatal: (error) => this.logIsLost(pipeline, error),
    });
    return pipeline;
  }

  private logFailed(pipeline: RequestPipeline, error: Error): void {
    this.parts.logger.error({ err: error }, 'the log cannot be written: writes are refused, reads go on; trying again');
    this.host.setDegraded(true);
    pipeline.abandon(this.host.turnNow());
  }

  private logRecovered(pipeline: RequestPipeline): void {
    this.parts.logger.info({}, 'the log can be written again: writes are accepted');
    pipeline.acceptsWrites = true;
    this.host.setDegraded(false);
  }

  private logIsLost(pipeline: RequestPipeline, error: Error): void {
    this.parts.logger.fatal({ err: error }, 'syncing the log failed: what is on disk is unknown, so the server stops');
    pipeline.acceptsWrites = false;
    this.host.fail(error);
  }
}
