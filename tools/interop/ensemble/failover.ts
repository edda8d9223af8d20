/** Kills the leader in the middle of a peer's checks, and brings it back. */
import { setTimeout as delay } from 'node:timers/promises';

import type { EnsembleProcesses } from '../../lib/ensemble-processes.ts';

/** The leader dies behind so many checks. */
const KILLS_BEHIND: readonly number[] = [12, 60];
/** In the middle of the next check, not before it begins. */
const KILL_DELAY_MS = 100;
/** What clients and sessions take to come to rest behind a failover. */
const SETTLING_MS = 15_000;

export class Failover {
  private checks = 0;
  private running = 0;
  private disturbedUntil = 0;
  private failure: unknown;
  private readonly failovers: Promise<unknown>[] = [];

  constructor(private readonly ensemble: EnsembleProcesses) {}

  get kills(): number {
    return this.failovers.length;
  }

  /** Where it is true, a check that began then and has failed now may be repeated: it was interrupted. */
  hasDisturbedSince(time: number): boolean {
    return this.running > 0 || time < this.disturbedUntil;
  }

  noteCheck(): void {
    this.checks += 1;
    if (this.checks >= (KILLS_BEHIND[this.kills] ?? Infinity) && this.running === 0) this.start();
  }

  /** For a peer whose checks are told only at its end: they kill nobody. */
  startIn(delayMs: number): void {
    this.checks = -Infinity;
    setTimeout(() => this.start(), delayMs).unref();
  }

  /** Until everybody is back. Throws when somebody did not come back. */
  async finish(): Promise<void> {
    await Promise.all(this.failovers);
    if (this.failure !== undefined) throw this.failure;
  }

  private start(): void {
    this.running += 1;
    const failover = this.killLeader()
      .catch((error: unknown) => (this.failure = error))
      .finally(() => {
        this.running -= 1;
        this.disturbedUntil = performance.now() + SETTLING_MS;
      });
    this.failovers.push(failover);
  }

  private async killLeader(): Promise<void> {
    const leader = await this.ensemble.waitLeader();
    await delay(KILL_DELAY_MS);
    await leader.kill();
    await this.ensemble.waitLeader();
    leader.start();
    await this.ensemble.waitAllServing();
  }
}
