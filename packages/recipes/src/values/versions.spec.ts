import { VersionExhaustedError, equalBytes, requireVersion } from './versions.js';

describe('versions', () => {
  it.each([0, 1, 2 ** 31 - 1, -(2 ** 31), -2])('can be conditions: %d', (version) => {
    expect(requireVersion('/x', { version })).toBe(version);
  });

  it('cannot when they stand for any version', () => {
    expect(() => requireVersion('/x', { version: -1 })).toThrow(VersionExhaustedError);
  });

  it.each<[Uint8Array | null, Uint8Array | null, boolean]>([
    [null, new Uint8Array(), true],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 2), true],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 3), false],
    [Uint8Array.of(1), Uint8Array.of(1, 2), false],
    [null, Uint8Array.of(0), false],
  ])('compare data by its bytes: %j, %j', (a, b, isEqual) => {
    expect([equalBytes(a, b), equalBytes(b, a)]).toEqual([isEqual, isEqual]);
  });
});
