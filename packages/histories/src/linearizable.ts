/**
 * Is there one order of calls, each taking effect at a moment between its start and its end, that explains all results?
 * Wing and Gong's question, answered as Lowe does ("Testing for linearizability", 2017): calls are put into the order
 * just in time, when the end of one demands it, and what is remembered is the set of states that are still possible.
 */

/** A call as its caller saw it. A call of unknown result has no end: it may take effect at any later moment, or never. */
export interface TimedCall<Op> {
  readonly op: Op;
  readonly startMs: number;
  readonly endMs: number | undefined;
}

export interface Model<State, Op> {
  readonly initial: State;
  /** The state after `op`, or undefined where it cannot have had the result that it had. */
  readonly step: (state: State, op: Op) => State | undefined;
  /** Equal for states that nobody can tell apart. */
  readonly key: (state: State) => string;
  /** False where no continuation of `state` leads to one in which `op` has its result. */
  readonly canReach: (state: State, op: Op) => boolean;
  /** Calls of unknown result that share a class are equal but for their start; undefined for one of its own kind. */
  readonly unknownClass: (op: Op) => string | undefined;
}

/** No order explains the history up to and including the end of `call`. */
export interface NotLinearizable<Op> {
  readonly call: TimedCall<Op>;
  /** Keys of the states that were possible before it. */
  readonly possible: readonly string[];
}

interface Possibility<State> {
  readonly state: State;
  /** Calls in the order already, of which the end has not been seen; ascending. */
  readonly done: readonly number[];
}

/** The first call that cannot be explained, or undefined where the history is linearizable. */
export function findNotLinearizable<State, Op>(
  model: Model<State, Op>,
  calls: readonly TimedCall<Op>[],
): NotLinearizable<Op> | undefined {
  const pending = new Set<number>();
  let possible: Possibility<State>[] = [{ state: model.initial, done: [] }];
  for (const { id, isEnd } of eventsOf(calls)) {
    if (!isEnd) {
      pending.add(id);
      continue;
    }
    const after = new Map<string, Possibility<State>>();
    for (const one of possible) explore(model, calls, pending, one, id, after);
    if (after.size === 0) return { call: calls[id]!, possible: possible.map(({ state }) => model.key(state)) };
    pending.delete(id);
    possible = [...after.values()];
  }
  return undefined;
}

/** Starts and ends by time; of those at the same moment the starts come first, which makes them concurrent. */
function eventsOf(calls: readonly TimedCall<unknown>[]): { id: number; isEnd: boolean }[] {
  const events = calls.flatMap(({ startMs, endMs }, id) => [
    { id, isEnd: false, at: startMs },
    ...(endMs === undefined ? [] : [{ id, isEnd: true, at: endMs }]),
  ]);
  return events.sort((a, b) => a.at - b.at || Number(a.isEnd) - Number(b.isEnd));
}

/** Adds to `after` all that is possible once `target` has taken effect, starting from `from`. */
function explore<State, Op>(
  model: Model<State, Op>,
  calls: readonly TimedCall<Op>[],
  pending: ReadonlySet<number>,
  from: Possibility<State>,
  target: number,
  after: Map<string, Possibility<State>>,
): void {
  const seen = new Set<string>();
  const stack = [from];
  for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
    const settled = withoutEffect(model, calls, pending, one);
    const key = keyOf(model, settled);
    if (seen.has(key)) continue;
    seen.add(key);
    if (settled.done.includes(target)) {
      const left = { state: settled.state, done: settled.done.filter((id) => id !== target) };
      after.set(keyOf(model, left), left);
    } else if (model.canReach(settled.state, calls[target]!.op)) {
      stack.push(...successors(model, calls, pending, settled));
    }
  }
}

/** Calls that fit and change nothing are put into the order at once: to wait with them allows nothing more. */
function withoutEffect<State, Op>(
  model: Model<State, Op>,
  calls: readonly TimedCall<Op>[],
  pending: ReadonlySet<number>,
  one: Possibility<State>,
): Possibility<State> {
  const key = model.key(one.state);
  const fitting = [...pending].filter((id) => {
    if (one.done.includes(id)) return false;
    const next = model.step(one.state, calls[id]!.op);
    return next !== undefined && model.key(next) === key;
  });
  return fitting.length === 0 ? one : { state: one.state, done: sorted([...one.done, ...fitting]) };
}

function successors<State, Op>(
  model: Model<State, Op>,
  calls: readonly TimedCall<Op>[],
  pending: ReadonlySet<number>,
  one: Possibility<State>,
): Possibility<State>[] {
  const classes = new Set<string>();
  const next: Possibility<State>[] = [];
  for (const id of pending) {
    if (one.done.includes(id)) continue;
    const { op, endMs } = calls[id]!;
    const unknownClass = endMs === undefined ? model.unknownClass(op) : undefined;
    if (unknownClass !== undefined && classes.has(unknownClass)) continue;
    if (unknownClass !== undefined) classes.add(unknownClass);
    const state = model.step(one.state, op);
    if (state !== undefined) next.push({ state, done: sorted([...one.done, id]) });
  }
  return next;
}

function keyOf<State, Op>(model: Model<State, Op>, { state, done }: Possibility<State>): string {
  return `${model.key(state)} ${done.join(',')}`;
}

function sorted(ids: readonly number[]): number[] {
  return [...ids].sort((a, b) => a - b);
}
