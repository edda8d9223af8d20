import type { Clock } from '@zk/contracts';
import type { ZkServer } from './zk-server.js';

/** Counters since the start, or since they were last reset. */
export class ServerStats {
  received = 0;
  sessionlessExpired = 0;
  /** Frames sent on connections that are closed by now. */
  private sentBefore = 0;
  private sentAtReset = 0;
  readonly startedMs: number;

  constructor(
    private readonly server: ZkServer,
    clock: Clock,
  ) {
    this.startedMs = clock.monotonicMs();
  }

  /** Frames sent: replies, events and connect responses. */
  get sent(): number {
    return this.sentSoFar() - this.sentAtReset;
  }

  /** A connection ends: keeps what it counted. */
  retire(framesWritten: number): void {
    this.sentBefore += framesWritten;
  }

  reset(): void {
    this.received = 0;
    this.sentAtReset = this.sentSoFar();
    this.server.pipeline.latency.reset();
  }

  private sentSoFar(): number {
    let sent = this.sentBefore;
    for (const connection of this.server.connections) sent += connection.client.outbox.framesWritten;
    return sent;
  }
}
