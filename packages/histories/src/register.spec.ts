import { checkRegister, type RegisterCall } from './register.js';

const set = (value: string, version: number | undefined, startMs: number, endMs?: number): RegisterCall => ({
  op: { kind: 'set', value, version },
  startMs,
  endMs,
});
const cas = (
  value: string,
  expected: number,
  isDone: boolean | undefined,
  startMs: number,
  endMs?: number,
): RegisterCall => ({ op: { kind: 'cas', value, expected, isDone }, startMs, endMs });
const read = (value: string, version: number, startMs: number, endMs: number): RegisterCall => ({
  op: { kind: 'read', value, version },
  startMs,
  endMs,
});

const explained: readonly (readonly [string, readonly RegisterCall[]])[] = [
  ['nothing happened', []],
  ['a read of the first value', [read('init', 0, 0, 1)]],
  ['writes and reads one after the other', [set('a', 1, 0, 1), read('a', 1, 2, 3), set('b', 2, 4, 5)]],
  ['concurrent writes in either order', [set('a', 2, 0, 10), set('b', 1, 1, 9), read('a', 2, 11, 12)]],
  ['a read of a write that has not ended', [set('a', 1, 0, 10), read('a', 1, 2, 3)]],
  ['an older value while the write has not ended', [set('a', 1, 0, 10), read('init', 0, 2, 3)]],
  ['an unknown write that never happened', [set('a', undefined, 0), read('init', 0, 100, 101)]],
  ['an unknown write that happened long after', [set('a', undefined, 0), set('b', 1, 5, 6), read('a', 2, 100, 101)]],
  [
    'one of many unknown writes that nobody saw',
    [
      ...Array.from({ length: 40 }, (_, i) => set(`u${i}`, undefined, i)),
      set('b', 9, 100, 101),
      read('b', 9, 102, 103),
    ],
  ],
  ['a version compared and set', [cas('a', 0, true, 0, 1), cas('b', 0, false, 2, 3), cas('c', 1, true, 4, 5)]],
  ['an unknown compare-and-set that succeeded', [cas('a', 0, undefined, 0), cas('b', 0, false, 5, 6)]],
  ['a refusal before the version came', [cas('b', 1, false, 0, 1), set('a', 1, 2, 3)]],
];

const unexplained: readonly (readonly [string, readonly RegisterCall[]])[] = [
  ['an acknowledged write is lost', [set('a', 1, 0, 1), read('init', 0, 2, 3)]],
  ['an acknowledged write is lost and overwritten', [set('a', 1, 0, 1), set('b', 1, 2, 3)]],
  [
    'a read goes back to an older value',
    [set('a', 1, 0, 1), set('b', 2, 0, 9), read('b', 2, 2, 3), read('a', 1, 4, 5)],
  ],
  ['a value from nowhere', [set('a', 1, 0, 1), read('x', 1, 2, 3)]],
  ['a write seen before it began', [read('a', 1, 0, 1), set('a', 1, 2, 3)]],
  ['two winners of one version', [cas('a', 0, true, 0, 9), cas('b', 0, true, 1, 8)]],
  ['a refusal without a reason', [cas('a', 0, false, 0, 1)]],
  [
    'an unknown write that happened twice',
    [set('a', undefined, 0), read('a', 1, 5, 6), set('b', 2, 7, 8), read('a', 3, 9, 10)],
  ],
  ['an unknown write before its start', [read('a', 1, 0, 1), set('a', undefined, 5)]],
  ['more versions than writes', [set('a', undefined, 0), set('b', 3, 5, 6)]],
  [
    'a deposed leader answers its reader',
    [set('a', 1, 0, 1), read('a', 1, 2, 3), set('b', 2, 4, 5), read('a', 1, 6, 7)],
  ],
];

describe('a register', () => {
  it.each(explained)('is linearizable: %s', (_, calls) => {
    expect(checkRegister(calls, 'init')).toBeUndefined();
  });

  it.each(unexplained)('is not linearizable: %s', (_, calls) => {
    expect(checkRegister(calls, 'init')).toContain('fits none of the possible states');
  });

  it('is judged quickly with many clients and many unknown results', () => {
    const calls: RegisterCall[] = [];
    let version = 0;
    for (let round = 0; round < 300; round++) {
      const at = round * 10;
      calls.push(set(`lost${round}`, undefined, at), cas(`gone${round}`, version + 5, undefined, at));
      calls.push(set(`a${round}`, version + 2, at, at + 9), set(`b${round}`, version + 1, at + 1, at + 8));
      version += 2;
      calls.push(read(`a${round}`, version, at + 2, at + 9));
    }
    expect(checkRegister(calls, 'init')).toBeUndefined();
    expect(checkRegister([...calls, read('a5', 12, 20_000, 20_001)], 'init')).toContain('"a5"');
  });
});
