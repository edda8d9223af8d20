import fc from 'fast-check';
import {
  delayNames,
  delayStem,
  fifoNames,
  idNames,
  idOf,
  idStem,
  kazooNames,
  kazooStem,
  priorityNames,
  priorityStem,
  simpleNames,
} from './names.js';

describe('names of items', () => {
  it.each([
    [5, 'queue-100000005'],
    [0, 'queue-100000000'],
    [2147483647, 'queue-17FFFFFFF'],
    [-1, 'queue-0FFFFFFFF'],
    [-2147483648, 'queue-080000000'],
  ])('carry a priority as Curator writes it: %d', (priority, stem) => {
    expect(priorityStem(priority)).toBe(stem);
    expect(priorityNames.stem(`${stem}0000000003`)).toBe(stem);
  });

  it.each([
    [1, 'queue-|00000001|'],
    [1_700_000_000_000, 'queue-|18BCFE56800|'],
    [0.5, 'queue-|00000001|'],
  ])('carry a time as Curator writes it: %d', (epochMs, stem) => {
    expect(delayStem(epochMs)).toBe(stem);
    expect(delayNames.dueMs!(`${stem}0000000001`)).toBe(Math.ceil(epochMs));
    expect(delayNames.stem(`${stem}0000000001`)).toBe(stem);
  });

  it.each([-1, NaN, Infinity, 2 ** 60])('carry no time that is none: %d', (epochMs) => {
    expect(() => delayStem(epochMs)).toThrow(RangeError);
  });

  it('are due at once where the time cannot be read', () => {
    expect(['queue-0000000001', 'queue-|x|0000000001', 'queue-|'].map((name) => delayNames.dueMs!(name))).toEqual([
      0, 0, 0,
    ]);
  });

  it('carry an id without what would end it', () => {
    expect(idStem('a/b|c')).toBe('queue-|a_b_c|');
    expect(idOf('queue-|a_b_c|0000000001')).toBe('a_b_c');
    expect([idOf('queue-0000000001'), idOf('queue-|open')]).toEqual([undefined, undefined]);
    expect(idNames.stem('queue-|id|0000000007')).toBe('queue-|id|');
    expect(idNames.stem('queue-0000000007')).toBe('queue-');
  });

  it('are taken by number when they carry ids', () => {
    const names = ['queue-|z|0000000000', 'queue-0000000001', 'queue-|a|0000000002', 'other'];
    expect(idNames.order([...names].reverse())).toEqual(names.slice(0, 3));
  });

  it('are taken by time, then by number, when they carry times', () => {
    const names = [
      'queue-|2|0000000009',
      'queue-|A|0000000001',
      'queue-|A|0000000002',
      'queue-|100000000000|0000000000',
    ];
    expect(delayNames.order([...names].reverse())).toEqual(names);
  });

  it('are left out when they are not of the queue, except by kazoo, for whom everything is an item', () => {
    const children = ['queue-0000000001', 'qn-0000000000', 'entry-100-0000000002'];
    expect(fifoNames.order(children)).toEqual(['queue-0000000001']);
    expect(simpleNames.order(children)).toEqual(['qn-0000000000']);
    expect(kazooNames.order(children)).toEqual(['entry-100-0000000002', 'qn-0000000000', 'queue-0000000001']);
    expect(kazooNames.stem('entry-005-0000000001')).toBe('entry-005-');
    expect(kazooStem(5)).toBe('entry-005-');
  });

  it('are ordered as the numbers in them are', () => {
    const priority = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(fc.uniqueArray(priority), (priorities) => {
        const names = priorities.map((value) => `${priorityStem(value)}0000000000`);
        const sorted = [...priorities].sort((a, b) => a - b).map((value) => `${priorityStem(value)}0000000000`);
        expect(priorityNames.order(names)).toEqual(sorted);
      }),
    );
  });
});
