import type { LogEntry } from '@zk/zab';
import type { Agenda } from './agenda.js';
import type { SimulatedDisk } from './disk.js';
import { type History, idOf } from './history.js';
import type { SeededRandom } from './random.js';

/** Every how many transactions a host writes a snapshot. */
const SNAPSHOT_EVERY = 40;
/** How many snapshots it keeps at most. */
const KEPT_SNAPSHOTS = 2;
/** How long a fuzzy one takes at most. */
const FUZZY_MS = 60;

/** A state that is being read while it changes: it has all it had in the beginning, and some of what came since. */
export interface FuzzyState {
  state: History;
}

/** The snapshots of one host. One that is fuzzy is called by the zxid it began with, and ends with its host's role. */
export class Snapshots {
  private dueIn = SNAPSHOT_EVERY;
  private period = 0;

  constructor(
    private readonly agenda: Agenda,
    private readonly random: SeededRandom,
    private readonly disk: SimulatedDisk,
    private readonly isFuzzy: boolean,
    private readonly current: () => History,
  ) {}

  /** A transaction was committed. */
  committed(entry: LogEntry, state: History): void {
    if (--this.dueIn > 0 || !this.disk.holds(entry.zxid, idOf(entry))) return;
    this.dueIn = this.random.between(SNAPSHOT_EVERY / 4, SNAPSHOT_EVERY);
    const keeps = this.random.between(0, KEPT_SNAPSHOTS);
    if (!this.isFuzzy) return this.disk.snapshot(entry.zxid, state, keeps);
    this.whileServing(() => this.disk.snapshot(entry.zxid, this.current(), keeps));
  }

  /** What goes to a learner: what changes while it is on its way may be in it. */
  stream(): FuzzyState {
    const stream = { state: this.current() };
    if (this.isFuzzy) this.whileServing(() => (stream.state = this.current()));
    return stream;
  }

  /** What is applied from now on may be taken back: no snapshot that has begun may have it. */
  abandon(): void {
    this.period++;
  }

  private whileServing(finish: () => void): void {
    const { period } = this;
    this.agenda.in(this.random.duration(0.1, FUZZY_MS), () => {
      if (period === this.period) finish();
    });
  }
}
