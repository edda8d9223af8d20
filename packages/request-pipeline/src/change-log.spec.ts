import fc from 'fast-check';
import { ChangeLog } from './change-log.js';
import { ChangeRecord } from './change-record.js';

interface Change {
  readonly record: ChangeRecord;
  readonly crc: number;
  readonly crcPathData: number;
}

describe('ChangeLog', () => {
  it('gives back every change in order, through growth, changes taken back and changes forgotten', () => {
    const step = fc.oneof(
      fc.record({ push: fc.array(fc.tuple(fc.integer(), fc.integer()), { maxLength: 700 }) }),
      fc.record({ pop: fc.nat({ max: 300 }) }),
      fc.record({ shift: fc.nat({ max: 500 }) }),
      fc.record({ read: fc.nat({ max: 500 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const log = new ChangeLog();
        const model: Change[] = [];
        for (const s of steps) {
          if ('push' in s) {
            for (const [crc, crcPathData] of s.push) {
              const record = new ChangeRecord();
              log.push(record);
              log.setCrcs(crc, crcPathData);
              model.push({ record, crc, crcPathData });
            }
          } else if ('pop' in s) {
            for (let i = 0; i < s.pop && model.length > 0; i++) {
              const isSame = log.pop() === model.pop()!.record;
              expect(isSame).toBe(true);
            }
          } else if ('shift' in s) {
            for (let i = 0; i < s.shift && model.length > 0; i++) {
              const isSame = log.shift() === model.shift()!.record;
              expect(isSame).toBe(true);
            }
          } else {
            log.rewind();
            for (const change of model.slice(0, s.read)) {
              const isSame = log.next() === change.record;
              expect([isSame, log.crc, log.crcPathData]).toEqual([true, change.crc, change.crcPathData]);
            }
          }
          expect(log.length).toBe(model.length);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('lets go of what a burst has left behind', () => {
    const log = new ChangeLog();
    const capacity = (): number => (Reflect.get(log, 'records') as unknown[]).length;
    for (let i = 0; i < 100_000; i++) log.push(new ChangeRecord());
    expect(capacity()).toBe(131_072);
    for (let i = 0; i < 99_999; i++) log.shift();
    const last = new ChangeRecord();
    log.push(last);
    log.shift();
    expect(log.shift()).toBe(last);
    expect(capacity()).toBe(1024);
  });
});
