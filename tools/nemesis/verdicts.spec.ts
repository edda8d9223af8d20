import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stat } from '../lib/wire.js';
import type { TreeNode } from './checkers/trees.js';
import { longestGap } from './gaps.js';
import { CHECKS, judge, type Quiet } from './verdicts.js';
import { History, listOf } from './workload/history.js';
import { COUNTER, EPHEMERALS, INITIAL, PAIR, REGISTERS, sequenceOf, setOf } from './workload/paths.js';

const [register] = REGISTERS as [string];
const set = setOf(1);
const sequence = sequenceOf(1);

function node(data: string, version = 0, ephemeralOwner = 0n): TreeNode {
  return { data, stat: { version, ephemeralOwner } as Stat };
}

function quiet(changes: Readonly<Record<string, TreeNode>> = {}): Quiet {
  const initial = [...REGISTERS, ...PAIR].map((path): [string, TreeNode] => [path, node(INITIAL)]);
  const tree = new Map([...initial, [COUNTER, node('0')] as const, ...Object.entries(changes)]);
  return { tree, startMs: 1_000, endMs: 1_001, living: new Set([1n]), parents: [set, sequence] };
}

const read = (value: string, version: number) => ({
  op: { kind: 'read' as const, value, version },
  startMs: 500,
  endMs: 501,
});

/** By check: what the clients saw, and what is in the tree, that this check alone must notice. */
const wrong: Readonly<Record<string, readonly [(history: History) => void, Quiet]>> = {
  'registers are linearizable': [
    (history) =>
      listOf(history.registers, register).push({
        op: { kind: 'set', value: 'lost', version: 1 },
        startMs: 0,
        endMs: 1,
      }),
    quiet(),
  ],
  'a sync makes the next read fresh': [
    (history) => history.syncReads.push({ path: register, call: read('stale', 7) }),
    quiet(),
  ],
  'transactions are in the order of real time': [
    (history) =>
      history.writes.push(
        { what: 'new', startMs: 0, endMs: 1, zxid: 2n },
        { what: 'old', startMs: 2, endMs: 3, zxid: 1n },
      ),
    quiet(),
  ],
  'a session never goes back': [
    (history) =>
      history.events.push(
        { session: 1n, order: 1, what: 'reply', zxid: 2n },
        { session: 1n, order: 2, what: 'reply', zxid: 1n },
      ),
    quiet(),
  ],
  'watches come before data': [
    (history) =>
      history.events.push(
        { session: 1n, order: 1, what: 'watched', path: register, mzxid: 1n },
        { session: 1n, order: 2, what: 'seen', path: register, mzxid: 2n },
      ),
    quiet(),
  ],
  'acknowledged writes are there': [(history) => history.addition(set, { path: `${set}/a`, outcome: 'ok' }), quiet()],
  'a connection is served in order': [
    (history) => {
      const burst = ['a', 'b'].map((name) => ({ path: `${set}/${name}`, outcome: 'unknown' as const }));
      listOf(history.bursts, set).push(burst);
      for (const addition of burst) history.addition(set, addition);
    },
    quiet({ [`${set}/b`]: node('') }),
  ],
  'sequence numbers are unique and ordered': [
    (history) => listOf(history.sequences, sequence).push({ startMs: 0, endMs: 1, path: `${sequence}/n-0` }),
    quiet(),
  ],
  'a lock has one holder': [(history) => history.increments.push({ value: 1, outcome: 'ok' }), quiet()],
  'multis are atomic': [() => undefined, quiet({ [PAIR[0]]: node('half', 1) })],
  'ephemerals live as long as their sessions': [
    (history) => history.ended.add(2n),
    quiet({ [`${EPHEMERALS}/a`]: node('', 0, 2n) }),
  ],
  'answers are those of ZooKeeper': [(history) => history.surprises.push('error -6'), quiet()],
};

describe('the verdict on a run', () => {
  let directory: string;
  let history: History;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zk-verdicts-'));
    history = new History(join(directory, 'history.jsonl'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('is that nothing is wrong where nothing is', () => {
    expect(judge(history, quiet(), [])).toEqual([]);
  });

  it.each(Object.keys(CHECKS))('fails for one reason alone: %s', (check) => {
    const [plant, at] = wrong[check]!;
    plant(history);
    expect(new Set(judge(history, at, []).map((problem) => problem.check))).toEqual(new Set([check]));
  });

  it('asks of a sync only what it can promise: nothing while a fault was near', () => {
    history.syncReads.push({ path: register, call: read('stale', 7) });
    expect(judge(history, quiet(), [{ startMs: 400, endMs: 500.5 }])).toEqual([]);
    expect(judge(history, quiet(), [{ startMs: 400, endMs: 500 }])).toHaveLength(1);
  });

  it('leaves its evidence in a file, a line for each thing', () => {
    history.line({ what: 'connected', session: 0xabcn });
    history.line({ what: 'set', zxid: 1n });
    history.flush();
    const lines = readFileSync(join(directory, 'history.jsonl'), 'utf8');
    expect(lines).toBe('{"what":"connected","session":"0xabc"}\n{"what":"set","zxid":"0x1"}\n');
  });
});

describe('the longest time without an acknowledged write', () => {
  it.each([
    ['between two writes', [10, 20, 70, 90], 50],
    ['before the first', [80, 90], 80],
    ['after the last', [10, 20], 80],
    ['all the time', [], 100],
    ['not what was before and after', [-1_000, 50, 2_000], 50],
  ])('is found %s', (_, moments, gap) => {
    expect(
      longestGap(
        moments.map((endMs) => ({ endMs })),
        0,
        100,
      ),
    ).toBe(gap);
  });
});
