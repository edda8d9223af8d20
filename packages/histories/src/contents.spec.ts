import {
  checkAdditions,
  checkBursts,
  checkCounter,
  checkEphemerals,
  checkPairs,
  checkSequence,
  type Addition,
  type Outcome,
} from './contents.js';

const added = (path: string, outcome: Outcome): Addition => ({ path, outcome });

describe('a set', () => {
  it('holds what was acknowledged, and may hold what is unknown', () => {
    const additions = [added('/a', 'ok'), added('/b', 'unknown'), added('/c', 'unknown'), added('/d', 'failed')];
    expect(checkAdditions(additions, new Set(['/a', '/c']))).toEqual([]);
  });

  it.each([
    ['an acknowledged write is lost', [added('/a', 'ok')], [], '/a was acknowledged and is lost'],
    ['a refused write took effect', [added('/a', 'failed')], ['/a'], '/a was refused and is there'],
    ['something nobody wrote', [], ['/a'], '/a is there and nobody added it'],
  ] as const)('is wrong: %s', (_, additions, present, problem) => {
    expect(checkAdditions(additions, new Set(present))).toEqual([problem]);
  });
});

describe('a burst', () => {
  const burst = ['/b-0', '/b-1', '/b-2'].map((path) => added(path, 'unknown'));

  it.each([[[]], [['/b-0']], [['/b-0', '/b-1', '/b-2']]])('may have got as far as %j', (present) => {
    expect(checkBursts([burst], new Set(present))).toEqual([]);
  });

  it.each([[['/b-1']], [['/b-0', '/b-2']]])('does not leave a gap: %j', (present) => {
    expect(checkBursts([burst], new Set(present))).toHaveLength(1);
  });
});

describe('sequence numbers', () => {
  const create = (path: string, startMs: number, endMs: number) => ({ path, startMs, endMs });

  it('may be in any order among concurrent creates', () => {
    expect(checkSequence([create('/n-2', 0, 5), create('/n-1', 1, 4), create('/n-3', 6, 7)])).toEqual([]);
  });

  it('may be in any order when one create begins in the moment in which the other is acknowledged', () => {
    expect(checkSequence([create('/n-2', 0, 1), create('/n-1', 1, 2)])).toEqual([]);
  });

  it.each([
    [
      'backwards, whichever was noted first',
      [create('/n-1', 4, 5), create('/n-3', 2, 9), create('/n-0', 0, 3), create('/n-2', 0, 1)],
      '/n-1 was given after /n-2 had been',
    ],
    ['twice', [create('/n-1', 0, 5), create('/n-1', 1, 4)], '/n-1 was given twice'],
    ['backwards', [create('/n-2', 0, 1), create('/n-1', 2, 3)], '/n-1 was given after /n-2 had been'],
  ])('are never given %s', (_, creates, problem) => {
    expect(checkSequence(creates)).toEqual([problem]);
  });
});

describe('a counter under a lock', () => {
  const increments = [1, 2, 3].map((value) => ({ value, outcome: 'ok' as Outcome }));

  it.each([
    ['all are known', increments, 3],
    ['an unknown one took effect', [...increments, { value: 4, outcome: 'unknown' as Outcome }], 4],
    ['an unknown one did not', [...increments, { value: 4, outcome: 'unknown' as Outcome }], 3],
    ['a refused one did not', [...increments, { value: 4, outcome: 'failed' as Outcome }], 3],
  ])('ends where its increments lead: %s', (_, all, final) => {
    expect(checkCounter(all, final)).toEqual([]);
  });

  it.each([
    [
      'two holders at once',
      [...increments, { value: 3, outcome: 'ok' as Outcome }],
      4,
      'two holders of the lock wrote 3',
    ],
    ['a lost increment', increments, 2, '3 was acknowledged and the counter ends at 2'],
    ['an increment from nowhere', increments, 4, 'the counter ends at 4 after 3 increments and 0 unknown ones'],
  ])('does not hide %s', (_, all, final, problem) => {
    expect(checkCounter(all, final)).toContain(problem);
  });
});

describe('two znodes changed by one multi', () => {
  const state = (value: string, version: number) => ({ value, version });
  const refused = new Set(['refused']);

  it.each([
    ['at once', { first: state('a', 1), second: state('a', 1), isAtOnce: true }],
    ['one after the other', { first: state('a', 1), second: state('b', 2), isAtOnce: false }],
  ])('are both of one state: %s', (_, seen) => {
    expect(checkPairs([seen], refused)).toEqual([]);
  });

  it.each([
    ['half a transaction', { first: state('b', 2), second: state('a', 1), isAtOnce: false }],
    ['a mixture', { first: state('a', 1), second: state('b', 1), isAtOnce: false }],
    ['two states in one multi', { first: state('a', 1), second: state('b', 2), isAtOnce: true }],
    ['part of a refused multi', { first: state('a', 1), second: state('refused', 2), isAtOnce: false }],
    ['part of a refused multi', { first: state('refused', 1), second: state('b', 2), isAtOnce: false }],
    ['part of a refused multi', { first: state('refused', 1), second: state('refused', 1), isAtOnce: false }],
  ])('never show %s', (problem, seen) => {
    expect(checkPairs([seen], refused)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('ephemerals', () => {
  const created = [
    { path: '/e-1', session: 1n },
    { path: '/e-2', session: 2n },
  ];
  const [ended, living] = [new Set([1n]), new Set([2n])];

  it('are there with their session and gone without it', () => {
    expect(checkEphemerals(created, ended, living, new Map([['/e-2', 2n]]))).toEqual([]);
  });

  it.each([
    ['gone too early', new Map(), '/e-2 is gone, and session 0x2 lives'],
    [
      'gone too late',
      new Map([
        ['/e-1', 1n],
        ['/e-2', 2n],
      ]),
      '/e-1 outlives its session 0x1',
    ],
    ['in wrong hands', new Map([['/e-2', 3n]]), '/e-2 belongs to 0x3, not 0x2'],
  ])('are never %s', (_, present, problem) => {
    expect(checkEphemerals(created, ended, living, present)).toEqual([problem]);
  });
});
