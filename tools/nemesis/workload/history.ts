/** What the clients of a run did and saw, as the checkers want it, and line by line in a file as evidence. */
import { appendFileSync } from 'node:fs';
import type {
  AcknowledgedWrite,
  Addition,
  Burst,
  EphemeralCreated,
  Increment,
  Outcome,
  PairSeen,
  RegisterCall,
  SequentialCreate,
  SessionEvent,
} from '@zk/histories';

export interface Counts {
  ok: number;
  failed: number;
  unknown: number;
}

/** Lines are written to the file in portions of this many. */
const LINES_AT_ONCE = 500;

export class History {
  readonly registers = new Map<string, RegisterCall[]>();
  /** Reads behind a sync: as fresh as any while one leader leads, which not every moment can promise. */
  readonly syncReads: { readonly path: string; readonly call: RegisterCall }[] = [];
  readonly writes: AcknowledgedWrite[] = [];
  readonly events: SessionEvent[] = [];
  /** By the parent below which they were added. */
  readonly additions = new Map<string, Addition[]>();
  readonly bursts = new Map<string, Burst[]>();
  readonly sequences = new Map<string, SequentialCreate[]>();
  readonly increments: Increment[] = [];
  readonly pairs: PairSeen[] = [];
  /** Values of multis that were refused. */
  readonly refused = new Set<string>();
  readonly ephemerals: EphemeralCreated[] = [];
  /** Sessions whose end was acknowledged. */
  readonly ended = new Set<bigint>();
  /** Sessions that nobody keeps alive any more. */
  readonly abandoned = new Set<bigint>();
  /** What was wrong at the moment when it was seen. */
  readonly surprises: string[] = [];
  readonly counts = new Map<string, Counts>();
  private values = 0;
  private lines: string[] = [];

  constructor(private readonly file: string) {}

  /** A value that nobody else writes. */
  freshValue(): string {
    return `v${++this.values}`;
  }

  count(kind: string, outcome: Outcome): void {
    const counts = this.counts.get(kind) ?? { ok: 0, failed: 0, unknown: 0 };
    counts[outcome]++;
    this.counts.set(kind, counts);
  }

  addition(parent: string, addition: Addition): void {
    listOf(this.additions, parent).push(addition);
  }

  /** @param values converted to JSON; a bigint becomes its hexadecimal text */
  line(values: Readonly<Record<string, unknown>>): void {
    this.lines.push(JSON.stringify(values, (_, v: unknown) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v)));
    if (this.lines.length >= LINES_AT_ONCE) this.flush();
  }

  flush(): void {
    if (this.lines.length > 0) appendFileSync(this.file, `${this.lines.join('\n')}\n`);
    this.lines = [];
  }
}

/** The list of that key, made when it is asked for the first time. */
export function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
