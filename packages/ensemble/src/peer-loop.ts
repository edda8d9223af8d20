import type { Clock, Scheduler, Timer } from '@zk/contracts';
import type { Peer, PeerInput, PeerOutput } from '@zk/zab';

export interface PeerLoopHost {
  /** Does what the peer wants. What comes of it may be given to the loop at once. */
  perform(output: PeerOutput): void;
  /** A defect in the middle of a step: to go on could acknowledge what is not there. */
  failed(error: unknown): void;
}

/**
 * Feeds a peer: one input at a time, each with all that it causes, in its order; what is said meanwhile waits. Ticks come when
 * the peer wants to be woken.
 */
export class PeerLoop {
  private readonly inbox: PeerInput[] = [];
  private peer: Peer | undefined;
  private isStepping = false;
  private hasStopped = false;
  private wake: { readonly atMs: number; readonly timer: Timer } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly scheduler: Scheduler,
    private readonly host: PeerLoopHost,
  ) {}

  get isStopped(): boolean {
    return this.hasStopped;
  }

  /** Starts the peer; what was given before went nowhere. */
  begin(peer: Peer): void {
    this.peer = peer;
    this.isStepping = true;
    this.performAll(peer.start(this.clock.monotonicMs()));
    this.isStepping = false;
    this.drain();
  }

  give(input: PeerInput): void {
    if (this.hasStopped || this.peer === undefined) return;
    if (this.isStepping) this.inbox.push(input);
    else this.drain(input);
  }

  /** Nothing is performed any more, not even the rest of a step. Idempotent. */
  stop(): void {
    this.hasStopped = true;
    this.wake?.timer.cancel();
  }

  private drain(first = this.inbox.shift()): void {
    this.isStepping = true;
    try {
      for (let input = first; input !== undefined; input = this.inbox.shift()) this.step(input);
    } catch (error) {
      this.host.failed(error);
    } finally {
      this.isStepping = false;
    }
    this.planWake();
  }

  private step(input: PeerInput): void {
    const { peer } = this;
    if (this.hasStopped || peer === undefined) return;
    this.performAll(peer.step(input, this.clock.monotonicMs()));
  }

  private performAll(outputs: readonly PeerOutput[]): void {
    for (const output of outputs) {
      if (this.hasStopped) return;
      this.host.perform(output);
    }
  }

  private planWake(): void {
    if (this.peer === undefined || this.hasStopped) return;
    const atMs = this.peer.wakeAtMs;
    if (this.wake !== undefined) {
      if (this.wake.atMs <= atMs) return;
      this.wake.timer.cancel();
      this.wake = undefined;
    }
    if (atMs === Infinity) return;
    const delayMs = Math.max(0, Math.ceil(atMs - this.clock.monotonicMs()));
    const timer = this.scheduler.after(delayMs, () => {
      this.wake = undefined;
      this.give({ kind: 'tick' });
    });
    this.wake = { atMs, timer };
  }
}
