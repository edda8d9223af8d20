import type { Clock, Scheduler, Timer } from '@zk/contracts';
import type { Agenda, SeededRandom } from '@zk/simulation';

/** Where monotonic time begins on every machine; not 0, so that a subtraction that forgot its other side is noticed. */
const START_MS = 1_000_000;
/** Where wall clocks begin: a day in 2026. */
const START_WALL_MS = 1_770_000_000_000;
/** A timer never fires before its time, however sums are rounded. */
const ROUNDING_MS = 0.001;
/** How long the process may turn out to have been busy when it looks at the clock, in ms, and how often it was. */
const MAX_BUSY_MS = 4;
const BUSY_CHANCE = 0.03;
/** How long a turn of the event loop collects what arrives. */
const TURN_MS = 0.05;

/** How the clocks of a machine differ from the agenda's. */
export interface ClockFaults {
  readonly random: SeededRandom;
  /** Milliseconds that pass here while one passes elsewhere. */
  readonly rate: number;
  wallOffsetMs: number;
  /** For how long the whole machine stood still, so that its monotonic clock did too. */
  suspendedMs: number;
}

/**
 * One life of a process, from its start to its crash: its clocks, its timers, and the gate through which everything that
 * happens to it goes. While it is paused, what happens waits; once it has ended, nothing happens to it any more.
 */
export class Life implements Clock, Scheduler {
  isOver = false;
  private isPaused = false;
  private suspendedAtMs: number | undefined;
  private backlog: (() => void)[] = [];
  private turnEndsMs = 0;
  /** The greatest time the monotonic clock has shown. */
  private shownMs = 0;

  constructor(
    private readonly agenda: Agenda,
    /** Absent: those of the agenda. */
    private readonly clocks?: ClockFaults,
  ) {}

  /** Runs ahead of the agenda by the time that the process was busy within one event, until the agenda has caught up. */
  monotonicMs(): number {
    this.shownMs = Math.max(this.shownMs, this.agendaMs);
    const { clocks } = this;
    if (clocks?.random.chance(BUSY_CHANCE) === true) this.shownMs += clocks.random.duration(0.01, MAX_BUSY_MS);
    return this.shownMs;
  }

  private get rate(): number {
    return this.clocks?.rate ?? 1;
  }

  /** What the monotonic clock shows unless the process is busy. */
  private get agendaMs(): number {
    return START_MS + (this.agenda.nowMs - (this.clocks?.suspendedMs ?? 0)) * this.rate;
  }

  wallMs(): number {
    return Math.floor(START_WALL_MS + this.agenda.nowMs + (this.clocks?.wallOffsetMs ?? 0));
  }

  after(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const dueMs = Math.max(this.shownMs, this.agendaMs) + Math.max(0, delayMs);
    const wait = (): void =>
      this.in(Math.max(0, dueMs - this.agendaMs) / this.rate + ROUNDING_MS, () => {
        if (isCancelled) return;
        if (this.agendaMs >= dueMs) callback();
        else wait();
      });
    wait();
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

  /** As {@link pause}, with the machine: no time passes on it. */
  suspend(): void {
    this.isPaused = true;
    this.suspendedAtMs ??= this.agenda.nowMs;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.clocks !== undefined)
      this.clocks.suspendedMs += this.agenda.nowMs - (this.suspendedAtMs ?? this.agenda.nowMs);
    this.suspendedAtMs = undefined;
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
