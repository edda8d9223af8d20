import type { ServerId } from '@zk/quorum';
import type { PeerContext } from './peer-context.js';

/**
 * Where a learner connects: to its leader. An observer spares the leader where followers serve observers: it tries those
 * in turns, each observer beginning with another one, and the leader when none of them has taken it for half of the time
 * in which a learner must be up.
 *
 * A pause before a new round keeps many observers from coming all at once. It differs from server to server and from
 * round to round, without chance.
 */
export class LearnerDialling {
  /** Whom this learner has dialled last: its leader, or an observer master. */
  target: ServerId;
  /** When {@link dial} is due; Infinity while an attempt goes on. */
  dialAtMs: number;
  private readonly masters: readonly ServerId[];
  private readonly startedMs: number;
  private readonly mastersUntilMs: number;
  private attempt = 0;
  /** How often all observer masters have been tried. */
  private rounds = 0;

  constructor(
    private readonly context: PeerContext,
    private readonly leader: ServerId,
    private readonly role: 'follower' | 'observer',
    private readonly nextAttempt: () => number,
  ) {
    const { nowMs } = context;
    this.target = leader;
    this.masters = this.observerMasters();
    this.dialAtMs = this.startedMs = nowMs + this.pauseMs();
    this.mastersUntilMs = this.startedMs + this.limitMs / 2;
  }

  /** When a connection must be there. */
  get deadlineMs(): number {
    return this.startedMs + this.limitMs;
  }

  private get limitMs(): number {
    const { initLimitTicks, connectLimitTicks = initLimitTicks, tickTimeMs } = this.context.options;
    return connectLimitTicks * tickTimeMs;
  }

  dial(): void {
    const { context } = this;
    this.dialAtMs = Infinity;
    this.attempt = this.nextAttempt();
    const master = this.nextMaster();
    this.target = master ?? this.leader;
    const port = master === undefined ? 'learners' : 'observers';
    context.outputs.push({ kind: 'dial', attempt: this.attempt, to: this.target, port });
  }

  /** Whether this is the attempt that is waited for. */
  isCurrent(attempt: number): boolean {
    return attempt === this.attempt;
  }

  /** The attempt that is waited for has failed. @returns why the search is given up, if it is */
  failed(): string | undefined {
    const { context } = this;
    const { nowMs, options } = context;
    if (this.target !== this.leader) {
      if (context.mastersDialled % this.masters.length !== 0) this.dial();
      else this.dialAtMs = nowMs + Math.max(options.connectRetryMs * ++this.rounds, this.pauseMs());
      return undefined;
    }
    // A leader that has not finished its election yet is there in a moment; one that is dead is not.
    if (nowMs - this.startedMs >= options.connectLimitMs) return 'the leader refuses connections';
    this.dialAtMs = nowMs + options.connectRetryMs;
    return undefined;
  }

  private observerMasters(): readonly ServerId[] {
    const { options, config } = this.context;
    if (this.role !== 'observer' || !options.hasObserverMasters) return [];
    return [...config.voters].filter((server) => server !== this.leader).sort((a, b) => (a < b ? -1 : 1));
  }

  private nextMaster(): ServerId | undefined {
    const { masters, context } = this;
    if (masters.length === 0 || context.nowMs >= this.mastersUntilMs) return undefined;
    const turn = (BigInt.asUintN(64, context.id) + BigInt(context.mastersDialled++)) % BigInt(masters.length);
    return masters[Number(turn)];
  }

  /** Of an observer that has tried everybody, as far as it tries others than the leader. */
  private pauseMs(): number {
    const { masters, context } = this;
    const { mastersDialled: dialled } = context;
    const isRoundOver = masters.length === 0 || (dialled > 0 && dialled % masters.length === 0);
    if (this.role !== 'observer' || !isRoundOver) return 0;
    return context.jitter(context.options.observerReconnectDelayMs);
  }
}
