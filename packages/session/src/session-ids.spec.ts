import { hex64, int64 } from '@zk/model';
import * as fc from 'fast-check';
import { SessionIdSource } from './session-ids.js';

/** The layout as specified, in one 64-bit number. */
function plainFirstId(serverId: number, startMs: number): bigint {
  const id = BigInt.asIntN(64, (BigInt(serverId) << 56n) | ((BigInt(Math.floor(startMs)) & (2n ** 40n - 1n)) << 16n));
  return id === 0n || id === -(2n ** 63n) ? id + 1n : id;
}

const idOf = (source: SessionIdSource): bigint => int64(source.hi, source.lo);

describe('SessionIdSource', () => {
  it.each([
    [1, 0x15374d, '1000015374d0000'],
    [1, 0x78fcee, '1000078fcee0000'],
    [1, 2 ** 40 + 5, '100000000050000'],
    [127, 5.9, '7f00000000050000'],
    [128, 5, '8000000000050000'],
    [255, 5, 'ff00000000050000'],
    [256 + 3, 5, '300000000050000'],
  ])('of server %d started at %d ms begins with %s', (serverId, startMs, expected) => {
    const id = hex64(idOf(new SessionIdSource(serverId, startMs)));
    expect(id).toBe(expected);
  });

  it('gives servers from 128 on negative ids', () => {
    expect(idOf(new SessionIdSource(128, 1)) < 0n).toBe(true);
    expect(idOf(new SessionIdSource(127, 1)) > 0n).toBe(true);
  });

  it.each([
    ['-2^63, the mark of containers', 128, -(2n ** 63n) + 1n],
    ['0, which asks for a new session', 0, 1n],
  ])('never gives %s', (_case, serverId, first) => {
    expect(idOf(new SessionIdSource(serverId, 0))).toBe(first);
  });

  it('skips the mark of containers when counting arrives at it', () => {
    const source = new SessionIdSource(127, 2 ** 40 - 1);
    const ids: bigint[] = [];
    for (let i = 0; i < 0x10001; i++) {
      ids.push(idOf(source));
      source.advance();
    }
    expect(ids.at(-2)).toBe(2n ** 63n - 1n);
    expect(ids.at(-1)).toBe(-(2n ** 63n) + 1n);
  });

  it('counts in 64 bits', () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.nat({ max: 2 ** 45 }),
        fc.integer({ min: 1, max: 200 }),
        (serverId, startMs, steps) => {
          const source = new SessionIdSource(serverId, startMs);
          for (let i = 0; i < steps; i++) source.advance();
          expect(idOf(source)).toBe(plainFirstId(serverId, startMs) + BigInt(steps));
        },
      ),
    );
  });

  it('carries from the lower word into the upper one', () => {
    const source = new SessionIdSource(2, 0xffff);
    for (let i = 0; i < 0x10000; i++) source.advance();
    expect(hex64(idOf(source))).toBe('200000100000000');
  });
});
