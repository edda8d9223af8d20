import type { Clock, Scheduler, Timer } from '@zk/contracts';
import type { Agenda } from '@zk/simulation';

/** Where monotonic time begins on every machine; not 0, so that a subtraction that forgot its other side is noticed. */
const START_MS = 1_000_000;
/** Where wall clocks begin: a day in 2026. */
const START_WALL_MS = 1_770_000_000_000;
/** A timer never fires before its time, however sums are rounded. */
const ROUNDING_MS = 0.001;
/** How long a turn of the event loop collects what arrives. */
const TURN_MS = 0.05;

/** How the clocks of a machine differ from the agenda's. */
export interface ClockFaults {
  /** Milliseconds that pass here while one passes elsewhere. */
  readonly rate: number;
  wallOffsetMs: number;
}

/**
 * One life of a process, from its start to its crash: its clocks, its timers, and the gate through which everything that
 * happens to it goes. While it is paused, what happens waits; once it has ended, nothing happens to it any more.
 */
export class Life implements Clock, Scheduler {
  isOver = false;
  private isPaused = false;
  private backlog: (() => void)[] = [];
  private turnEndsMs = 0;

  constructor(
    private readonly agenda: Agenda,
    private readonly clocks: ClockFaults = { rate: 1, wallOffsetMs: 0 },
  ) {}

  monotonicMs(): number {
    return START_MS + this.agenda.nowMs * this.clocks.rate;
  }

  wallMs(): number {
    return Math.floor(START_WALL_MS + this.agenda.nowMs + this.clocks.wallOffsetMs);
  }

  after(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    this.in(Math.max(0, delayMs) / this.clocks.rate + ROUNDING_MS, () => {
      if (!isCancelled) callback();
    });
    return { cancel: () => (isCancelled = true) };
  }

  /** In the order in which they were asked for. */
  atTurnEnd(callback: () => void): void {
    this.turnEndsMs = Math.max(this.turnEndsMs, this.agenda.nowMs + TURN_MS);
    this.agenda.at(this.turnEndsMs, () => this.happens(callback));
  }

  /** After so many milliseconds of the agenda. */
  in(delayMs: number, callback: () => void): void {
    this.agenda.in(delayMs, () => this.happens(callback));
  }

  /** Something from outside: now, when it goes on, or never. */
  happens(callback: () => void): void {
    if (this.isOver) return;
    if (this.isPaused) this.backlog.push(callback);
    else callback();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    const late = this.backlog;
    this.backlog = [];
    // One event each, so that what one sets off comes to rest before the next.
    for (const callback of late) this.in(0, callback);
  }

  end(): void {
    this.isOver = true;
    this.backlog = [];
  }
}
