import type { Clock } from '@zk/contracts';
import type { Client, ClientPipeline, Outbox } from '@zk/request-pipeline';
import type { Admission } from './admission.js';
import type { Database } from './database.js';
import type { Latencies } from './replica.js';
import type { Snapshotter } from './snapshotter.js';
import { Summary } from './summary.js';

/** What the counts are of. */
export interface CountedServer {
  /** Undefined before the first one serves. */
  readonly pipeline: ClientPipeline | undefined;
  readonly latencies: Latencies;
  readonly connections: Iterable<{ readonly client: Client }>;
  readonly snapshotter: Snapshotter;
  readonly admission: Admission;
  readonly database: Database;
}

/** Counters since the start, or since they were last reset. */
export class ServerStats {
  received = 0;
  bytesReceived = 0;
  /** Bytes of replies and events. */
  bytesSent = 0;
  connectionRequests = 0;
  /** Connections that wanted a session while nobody is served. */
  closedUnserved = 0;
  /** Connections that ended without our doing. */
  connectionsDropped = 0;
  sessionsReattached = 0;
  sessionsExpired = 0;
  sessionlessExpired = 0;
  unrecoverableErrors = 0;
  /** Snapshots and restores that were asked for too soon after the one before. */
  snapshotsRateLimited = 0;
  restoresRateLimited = 0;
  /** Restores that changed nothing. */
  restoreErrors = 0;
  /** How long the others took, from the first byte of the snapshot on, in ms. */
  readonly restoreTimes = new Summary();
  /** Writes refused for a hard quota, by the first name of the path that it is for. */
  readonly quotasExceeded = new Map<string, number>();
  readonly startedMs: number;

  /** Of pipelines that served before the present one. */
  private watchBytesBefore = 0;
  private authFailuresBefore = 0;
  private throttledBefore = 0;
  /** The last of them: until another one serves, nothing is added to what it counted. */
  private retired: ClientPipeline | undefined;
  /** Frames sent on connections that are closed by now. */
  private sentBefore = 0;
  private sentAtReset = 0;
  private lastReplyBytes = -1;
  private minReplyBytes = Infinity;
  private maxReplyBytes = 0;

  constructor(
    private readonly server: CountedServer,
    clock: Clock,
  ) {
    this.startedMs = clock.monotonicMs();
  }

  /** Frames sent: replies, events and connect responses. */
  get sent(): number {
    return this.sentSoFar() - this.sentAtReset;
  }

  /** Bytes of watched events. */
  get watchBytes(): number {
    return this.watchBytesBefore + (this.servingPipeline?.watchBytes ?? 0);
  }

  /** Replies of error AUTHFAILED. */
  get authFailures(): number {
    return this.authFailuresBefore + (this.servingPipeline?.authFailures ?? 0);
  }

  /** Replies of error THROTTLEDOP. */
  get throttledOps(): number {
    return this.throttledBefore + (this.servingPipeline?.throttledOps ?? 0);
  }

  /** A pipeline serves no more: keeps what it counted. */
  retirePipeline(pipeline: ClientPipeline): void {
    this.watchBytesBefore += pipeline.watchBytes;
    this.authFailuresBefore += pipeline.authFailures;
    this.throttledBefore += pipeline.throttledOps;
    this.retired = pipeline;
  }

  private get servingPipeline(): ClientPipeline | undefined {
    const { pipeline } = this.server;
    return pipeline === this.retired ? undefined : pipeline;
  }

  /** An outbox leaves. */
  sending(outbox: Outbox): void {
    this.bytesSent += outbox.length;
    if (outbox.lastReplyBytes > 0) this.lastReplyBytes = outbox.lastReplyBytes;
  }

  /** A write was refused: the hard quota of this path is exceeded. */
  quotaExceeded(path: string): void {
    const [, namespace = ''] = path.split('/');
    this.quotasExceeded.set(namespace, (this.quotasExceeded.get(namespace) ?? 0) + 1);
  }

  /** A connection ends: keeps what it counted. */
  retire(outbox: Outbox): void {
    this.sentBefore += outbox.framesWritten;
    this.noteSizes(outbox);
  }

  /** The counts of one connection begin anew; those of the server go on. */
  resetConnection(client: Client): void {
    this.retire(client.outbox);
    client.resetStats();
    resetSizesOf(client);
  }

  /** Sizes of the last, the smallest and the largest reply or event, in bytes; -1 before the first. */
  replySizes(): { readonly last: number; readonly min: number; readonly max: number } {
    for (const { client } of this.server.connections) this.noteSizes(client.outbox);
    const hasAny = this.maxReplyBytes > 0;
    return {
      last: this.lastReplyBytes,
      min: hasAny ? this.minReplyBytes : -1,
      max: hasAny ? this.maxReplyBytes : -1,
    };
  }

  /** As in Apache ZooKeeper, counters begin anew, and gauges do not. */
  reset(): void {
    this.received = this.bytesReceived = this.bytesSent = 0;
    this.connectionRequests = this.closedUnserved = this.connectionsDropped = 0;
    this.sessionsReattached = this.sessionsExpired = this.sessionlessExpired = 0;
    this.snapshotsRateLimited = this.restoresRateLimited = this.restoreErrors = 0;
    this.restoreTimes.reset();
    this.quotasExceeded.clear();
    this.sentAtReset = this.sentSoFar();
    this.resetPipelineCounts();
    this.resetParts();
    this.resetReplySizes();
  }

  private resetPipelineCounts(): void {
    const { pipeline } = this.server;
    this.watchBytesBefore = this.throttledBefore = 0;
    if (pipeline !== undefined) pipeline.watchBytes = pipeline.throttledOps = 0;
  }

  /** What parts of the server count by themselves. */
  private resetParts(): void {
    const { latencies, snapshotter, admission, database } = this.server;
    latencies.latency.reset();
    latencies.updateLatency.reset();
    snapshotter.times.reset();
    admission.tokenDeficits.reset();
    database.watches.fired.reset();
  }

  private resetReplySizes(): void {
    this.lastReplyBytes = -1;
    this.minReplyBytes = Infinity;
    this.maxReplyBytes = 0;
    for (const { client } of this.server.connections) resetSizesOf(client);
  }

  private noteSizes(outbox: Outbox): void {
    this.minReplyBytes = Math.min(this.minReplyBytes, outbox.minReplyBytes);
    this.maxReplyBytes = Math.max(this.maxReplyBytes, outbox.maxReplyBytes);
  }

  private sentSoFar(): number {
    let sent = this.sentBefore;
    for (const connection of this.server.connections) sent += connection.client.outbox.framesWritten;
    return sent;
  }
}

function resetSizesOf({ outbox }: Client): void {
  outbox.minReplyBytes = Infinity;
  outbox.maxReplyBytes = 0;
}
