import fc from 'fast-check';
import { EntryQueue, type LogEntry, follows } from './log-entry.js';

test.each([
  ['the next', 0x100000001n, 0x100000002n, true],
  ['the one after the next', 0x100000001n, 0x100000003n, false],
  ['the same', 0x100000001n, 0x100000001n, false],
  ['the first of the next epoch', 0x100000009n, 0x200000001n, true],
  ['the first of a later epoch', 0x100000009n, 0x500000001n, true],
  ['the second of a later epoch', 0x100000009n, 0x200000002n, false],
  ['the first of an earlier epoch', 0x200000009n, 0x100000001n, false],
  ['the first of the same epoch', 0x200000009n, 0x200000001n, false],
])('whether a transaction may be followed by %s: %#', (_which, previous, next, expected) => {
  expect(follows(previous, next)).toBe(expected);
});

const entry = (zxid: number): LogEntry => ({ zxid: BigInt(zxid), txn: new Uint8Array([zxid & 0xff]) });

/** What is done to the queue, and to the array that it must equal. */
type Step = (queue: EntryQueue, model: LogEntry[]) => void;

const shift: Step = (queue, model) => {
  expect(queue.shift()).toBe(model.shift());
};
const take =
  (index: number): Step =>
  (queue, model) => {
    if (index < model.length) expect(queue.take(index)).toBe(model.splice(index, 1)[0]);
  };
const cutAfter =
  (back: number): Step =>
  (queue, model) => {
    const zxid = (model.at(-1)?.zxid ?? 0n) - BigInt(back);
    queue.cutAfter(zxid);
    model.splice(0, Infinity, ...model.filter((one) => one.zxid <= zxid));
  };
const clear: Step = (queue, model) => {
  queue.clear();
  model.length = 0;
};

const expectSame = (queue: EntryQueue, model: readonly LogEntry[]): void => {
  expect(queue.length).toBe(model.length);
  expect(queue.first).toBe(model[0]);
  expect(queue.last).toBe(model.at(-1));
  expect(model.every((one, i) => queue.at(i) === one)).toBe(true);
};

test('a queue of entries is what an array would be, however long it gets and however often it was emptied', () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 100 }) },
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 100 }).map((times) => ({ times })) },
    { weight: 2, arbitrary: fc.nat(5).map(take) },
    { weight: 2, arbitrary: fc.nat(5).map(cutAfter) },
    { weight: 1, arbitrary: fc.constant(clear) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = new EntryQueue();
      const model: LogEntry[] = [];
      let next = 1;
      for (const one of steps) {
        if (typeof one === 'function') one(queue, model);
        else if (typeof one === 'object') for (let i = 0; i < one.times; i++) shift(queue, model);
        else
          for (let i = 0; i < one; i++) {
            const pushed = entry(next++);
            queue.push(pushed);
            model.push(pushed);
          }
        expectSame(queue, model);
      }
    }),
  );
});
