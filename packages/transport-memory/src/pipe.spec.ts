import fc from 'fast-check';
import { Pipe } from './pipe.js';

describe('Pipe', () => {
  it('never lets new bytes overtake held ones, even where reading has made room', () => {
    const pipe = new Pipe(4);
    expect(pipe.write(Uint8Array.of(1, 2, 3, 4, 5), 0, 5)).toBe(false);
    const target = new Uint8Array(8);
    pipe.take(target, 4);
    expect(pipe.write(Uint8Array.of(6), 0, 1)).toBe(false);
    pipe.refill();
    expect([pipe.take(target, 8), ...target.subarray(0, 2)]).toEqual([2, 5, 6]);
  });

  it('passes on every byte in order under any schedule of writing, reading and refilling', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), size: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant('take' as const), size: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant('refill' as const), size: fc.constant(0) }),
    );
    const schedule = fc.array(step, { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), schedule, (highWaterMarkBytes, steps) => {
        const pipe = new Pipe(highWaterMarkBytes);
        let [written, read] = [0, 0];
        const take = (size: number): void => {
          const target = new Uint8Array(size);
          const count = pipe.take(target, size);
          for (let i = 0; i < count; i++) expect(target[i]).toBe(read++ & 0xff);
        };
        for (const { kind, size } of steps) {
          if (kind === 'take') take(size);
          else if (kind === 'refill') pipe.refill();
          else {
            const isTaken = pipe.write(
              Uint8Array.from({ length: size }, () => written++ & 0xff),
              0,
              size,
            );
            expect(isTaken).toBe(pipe.heldBytes === 0);
          }
          expect(pipe.inFlightBytes).toBeLessThanOrEqual(highWaterMarkBytes);
          expect(read + pipe.inFlightBytes + pipe.heldBytes).toBe(written);
        }
        while (read < written) {
          pipe.refill();
          take(40);
        }
        expect(pipe.heldBytes).toBe(0);
      }),
    );
  });
});
