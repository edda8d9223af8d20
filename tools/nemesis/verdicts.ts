/** Holds what the clients saw against what is in the tree, at a moment when nobody writes. */
import {
  type RegisterCall,
  checkAdditions,
  checkBursts,
  checkCounter,
  checkEphemerals,
  checkPairs,
  checkRealTimeOrder,
  checkRegister,
  checkSequence,
  checkSessionOrder,
  checkWatches,
} from '@zk/histories';
import type { Tree } from './checkers/trees.js';
import type { History } from './workload/history.js';
import { COUNTER, INITIAL, PAIR, REGISTERS } from './workload/paths.js';

export interface Quiet {
  /** Everything below the root of the workload, or at least what `epochs` ask for. */
  readonly tree: Tree;
  /** When it was read, behind a write. */
  readonly startMs: number;
  readonly endMs: number;
  readonly living: ReadonlySet<bigint>;
  /** Parents of sets and of sequences that `tree` holds entirely. */
  readonly parents: readonly string[];
}

/** From the first moment of a fault to the last of the recovery from it. */
export interface Disturbance {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Problem {
  readonly check: string;
  readonly detail: string;
}

type Check = (history: History, quiet: Quiet, disturbances: readonly Disturbance[]) => string[];

/** By name: what must hold. */
export const CHECKS: Readonly<Record<string, Check>> = {
  'registers are linearizable': (history, quiet) =>
    REGISTERS.flatMap((path) =>
      registerProblem(path, [...(history.registers.get(path) ?? []), finalRead(path, quiet)]),
    ),
  'a sync makes the next read fresh': syncProblems,
  'transactions are in the order of real time': ({ writes }) => checkRealTimeOrder(writes),
  'a session never goes back': ({ events }) => checkSessionOrder(events),
  'watches come before data': ({ events }) => checkWatches(events),
  'acknowledged writes are there': (history, quiet) =>
    quiet.parents.flatMap((parent) => {
      const additions = history.additions.get(parent);
      return additions === undefined ? [] : checkAdditions(additions, new Set(childrenOf(quiet.tree, parent)));
    }),
  'a connection is served in order': (history, quiet) =>
    quiet.parents.flatMap((parent) =>
      checkBursts(history.bursts.get(parent) ?? [], new Set(childrenOf(quiet.tree, parent))),
    ),
  'sequence numbers are unique and ordered': (history, quiet) =>
    quiet.parents.flatMap((p) => sequenceProblems(history, p, quiet)),
  'a lock has one holder': ({ increments }, { tree }) => checkCounter(increments, Number(tree.get(COUNTER)?.data)),
  'multis are atomic': ({ pairs, refused }, { tree }) => {
    const [first, second] = PAIR.map((path) => ({ value: dataOf(tree, path), version: versionOf(tree, path) }));
    return checkPairs([...pairs, { first: first!, second: second!, isAtOnce: true }], refused);
  },
  'ephemerals live as long as their sessions': ({ ephemerals, ended }, { tree, living }) =>
    checkEphemerals(ephemerals, ended, living, ephemeralsIn(tree)),
  'answers are those of ZooKeeper': ({ surprises }) => [...surprises],
};

export function judge(history: History, quiet: Quiet, disturbances: readonly Disturbance[]): Problem[] {
  return Object.entries(CHECKS).flatMap(([check, run]) =>
    run(history, quiet, disturbances).map((detail) => ({ check, detail })),
  );
}

/** All ephemerals of a tree, with their owners. */
export function ephemeralsIn(tree: Tree): Map<string, bigint> {
  const owners = [...tree].map(([path, { stat }]): [string, bigint] => [path, stat.ephemeralOwner]);
  return new Map(owners.filter(([, owner]) => owner !== 0n));
}

function registerProblem(path: string, calls: readonly RegisterCall[]): string[] {
  const problem = checkRegister(calls, INITIAL);
  return problem === undefined ? [] : [`${path}: ${problem}`];
}

/** Where no fault was near, a read behind a sync fits in with the rest like any other. */
function syncProblems(history: History, quiet: Quiet, disturbances: readonly Disturbance[]): string[] {
  return REGISTERS.flatMap((path) => {
    const calls = history.syncReads.filter(({ path: read, call: { startMs, endMs = startMs } }) => {
      return read === path && !disturbances.some((one) => startMs < one.endMs && endMs > one.startMs);
    });
    const others = [...(history.registers.get(path) ?? []), finalRead(path, quiet)];
    return calls.length === 0 ? [] : registerProblem(path, [...others, ...calls.map(({ call }) => call)]);
  });
}

function finalRead(path: string, { tree, startMs, endMs }: Quiet): RegisterCall {
  return { op: { kind: 'read', value: dataOf(tree, path), version: versionOf(tree, path) }, startMs, endMs };
}

function sequenceProblems(history: History, parent: string, { tree }: Quiet): string[] {
  const creates = history.sequences.get(parent) ?? [];
  const lost = creates.filter(({ path }) => !tree.has(path)).map(({ path }) => `${path} was acknowledged and is lost`);
  return [...checkSequence(creates), ...lost];
}

function childrenOf(tree: Tree, parent: string): string[] {
  const prefix = `${parent}/`;
  return [...tree.keys()].filter((path) => path.startsWith(prefix) && !path.includes('/', prefix.length));
}

function dataOf(tree: Tree, path: string): string {
  return tree.get(path)?.data ?? '(missing)';
}

function versionOf(tree: Tree, path: string): number {
  return tree.get(path)?.stat.version ?? -1;
}
