import fc from 'fast-check';
import { CrcQueue } from './crc-queue.js';

describe('CrcQueue', () => {
  it('gives back what was pushed, in order, through growth and truncation', () => {
    const step = fc.oneof(
      fc.record({ push: fc.array(fc.integer(), { maxLength: 600 }) }),
      fc.record({ take: fc.nat({ max: 500 }) }),
      fc.record({ keep: fc.nat({ max: 2000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const queue = new CrcQueue();
        let model: number[] = [];
        for (const s of steps) {
          if ('push' in s) {
            for (const crc of s.push) queue.push(crc);
            model.push(...s.push);
          } else if ('take' in s) {
            for (let i = 0; i < s.take && model.length > 0; i++) expect(queue.take()).toBe(model.shift());
          } else if (s.keep < model.length) {
            queue.truncate(s.keep);
            model = model.slice(0, s.keep);
          }
          expect(queue.length).toBe(model.length);
        }
      }),
    );
  });
});
