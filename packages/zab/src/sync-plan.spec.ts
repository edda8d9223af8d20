import * as fc from 'fast-check';
import { makeZxid } from '@zk/model';
import type { LogEntry } from './log-entry.js';
import { RecentEntries } from './recent-entries.js';
import { LogWalk, planSync } from './sync-plan.js';

const entry = (zxid: bigint): LogEntry => ({ zxid, txn: new Uint8Array(0) });
const z = (epoch: number, counter: number): bigint => makeZxid(epoch, counter);

function recentOf(...zxids: bigint[]): RecentEntries {
  const recent = new RecentEntries(500);
  recent.reset(zxids.map(entry));
  return recent;
}

/** Spec: learner protocol, section 5. The leader remembers 1.3 to 1.5 and 3.1 to 3.2, and its state is called `last`. */
const history = [z(1, 3), z(1, 4), z(1, 5), z(3, 1), z(3, 2)];

describe('how a learner is synchronized', () => {
  it.each([
    ['is where the leader is', z(3, 2), z(3, 2), { mode: 'diff', zxid: z(3, 2), from: 5 }],
    ['is where a leader without transactions is', z(4, 0), z(4, 0), { mode: 'diff', zxid: z(4, 0), from: 5 }],
    ['missed two', z(1, 5), z(4, 0), { mode: 'diff', zxid: z(3, 2), from: 3 }],
    ['has the last, but not its name', z(3, 2), z(4, 0), { mode: 'diff', zxid: z(3, 2), from: 5 }],
    ['has more of the last epoch', z(3, 7), z(3, 2), { mode: 'trunc', zxid: z(3, 2), from: 5 }],
    ['has one of an epoch nobody knows', z(2, 1), z(3, 2), { mode: 'snap' }],
    ['has more of an epoch that went on elsewhere', z(1, 6), z(3, 2), { mode: 'snap' }],
    ['is at the start of an epoch', z(3, 0), z(3, 2), { mode: 'diff', zxid: z(3, 2), from: 3 }],
    ['is at the start of a later epoch', z(5, 0), z(3, 2), { mode: 'snap' }],
    ['is further behind', z(1, 1), z(3, 2), { mode: 'log', after: z(1, 1), upTo: z(1, 3) }],
    ['has nothing', 0n, z(3, 2), { mode: 'log', after: 0n, upTo: z(1, 3) }],
  ])('that %s', (_what, learner, last, expected) => {
    expect(planSync(learner, last, recentOf(...history))).toEqual(expected);
  });

  it('that has something in the middle which the leader does not know: back, and on from there', () => {
    const recent = recentOf(z(1, 1), z(1, 2));
    // A hole cannot be in a history, but a learner's zxid can lie where the leader has none: here between two epochs.
    expect(planSync(z(1, 3), z(1, 2), recent)).toEqual({ mode: 'trunc', zxid: z(1, 2), from: 2 });
  });

  it.each([
    ['a leader that remembers nothing', z(1, 1), z(2, 0), { mode: 'log', after: z(1, 1), upTo: z(2, 0) }],
    ['a leader that remembers nothing, itself', z(2, 0), z(2, 0), { mode: 'diff', zxid: z(2, 0), from: 0 }],
    ['a fresh ensemble', 0n, 0n, { mode: 'diff', zxid: 0n, from: 0 }],
  ])('by %s', (_what, learner, last, expected) => {
    expect(planSync(learner, last, recentOf())).toEqual(expected);
  });

  /** A plain second version: the learner's history is known here, and what it ends with is what the leader has. */
  it('ends with the leader’s history, for whatever two servers of one ensemble can have', () => {
    const scene = fc.record({
      shared: fc.integer({ min: 0, max: 6 }),
      kept: fc.integer({ min: 0, max: 6 }),
      more: fc.integer({ min: 0, max: 4 }),
      uncommitted: fc.integer({ min: 0, max: 4 }),
      isNewEpoch: fc.boolean(),
    });
    fc.assert(
      fc.property(scene, ({ shared, kept, more, uncommitted, isNewEpoch }) => {
        const common = Array.from({ length: shared }, (_, i) => z(1, i + 1));
        const leader = [
          ...common,
          ...Array.from({ length: more }, (_, i) => (isNewEpoch ? z(2, i + 1) : z(1, shared + i + 1))),
        ];
        // What a learner has of its own it had from a leader of the first epoch, and never in place of what was committed.
        const own = isNewEpoch ? Array.from({ length: uncommitted }, (_, i) => z(1, shared + i + 1)) : [];
        const learner = [...common.slice(0, own.length > 0 ? shared : kept), ...own];
        const last = leader.at(-1) ?? 0n;
        const plan = planSync(learner.at(-1) ?? 0n, last, recentOf(...leader));
        if (plan.mode === 'snap' || plan.mode === 'log') return;
        const rest = leader.slice(plan.from);
        const base = plan.mode === 'trunc' ? learner.filter((zxid) => zxid <= plan.zxid) : learner;
        expect([...base, ...rest]).toEqual(leader);
      }),
    );
  });
});

describe('a walk through the log', () => {
  const log = [z(1, 1), z(1, 2), z(1, 3), z(2, 1), z(2, 2)].map(entry);
  const zxids = (entries: readonly LogEntry[]): bigint[] => entries.map((one) => one.zxid);

  it('finds the learner’s last one wherever the pieces are cut', () => {
    for (let cut = 0; cut <= log.length; cut++) {
      const walk = new LogWalk(z(1, 2));
      const results = [walk.feed(log.slice(0, cut), z(9, 9)), walk.feed(log.slice(cut), z(9, 9))];
      const starts = results.flatMap((result) =>
        result !== 'snap' && result.start !== undefined ? [result.start.mode] : [],
      );
      const sent = results.flatMap((result) => (result === 'snap' ? [] : zxids(result.entries)));
      expect([starts, sent]).toEqual([['diff'], [z(1, 3), z(2, 1), z(2, 2)]]);
      expect(walk.reached).toBe(z(2, 2));
    }
  });

  it('does not send twice what a second look begins with', () => {
    const walk = new LogWalk(z(1, 1));
    walk.feed(log.slice(0, 3), z(9, 9));
    expect(walk.feed(log.slice(2), z(9, 9))).toEqual({ entries: log.slice(3) });
  });

  it.each([
    ['begins too late', z(0, 5)],
    ['does not know an epoch of the learner’s', z(1, 9)],
  ])('gives up when the log %s', (_what, last) => {
    expect(new LogWalk(last).feed(log, z(9, 9))).toBe('snap');
  });
});
