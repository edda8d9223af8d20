import { hiOf, int64, loOf } from '@zk/model';
import * as fc from 'fast-check';
import { SESSION_PASSWORD_BYTES, passwordMatches, sessionPassword } from './password.js';

const anyId = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function passwordOf(id: bigint): Uint8Array {
  const out = new Uint8Array(SESSION_PASSWORD_BYTES);
  sessionPassword(hiOf(id), loOf(id), out, 0);
  return out;
}

/** The same algorithm, word for word as specified, in one 64-bit number. */
function plainPassword(id: bigint): Uint8Array {
  const mask = 2n ** 48n - 1n;
  let seed = (id ^ 0xb3415c00n ^ 0x5deece66dn) & mask;
  const out = new Uint8Array(16);
  for (let word = 0; word < 4; word++) {
    seed = (seed * 0x5deece66dn + 0xbn) & mask;
    for (let byte = 0; byte < 4; byte++) out[word * 4 + byte] = Number((seed >> BigInt(16 + 8 * byte)) & 0xffn);
  }
  return out;
}

describe('sessionPassword', () => {
  // Recorded from Apache ZooKeeper 3.8.0 (the first) and 3.9.5.
  it.each([
    [0x1000015374d0000n, 'a9fb9305822e7dae2f65ee069b975fc1'],
    [0x1000078fcee0000n, 'd01535501d5b88202ea5a7282ef1d2ad'],
    [0x1000078fcee0001n, 'e3362f50bda6676523e80e54027ae77a'],
  ])('of %d is %s', (id, expected) => {
    expect(Buffer.from(passwordOf(id)).toString('hex')).toBe(expected);
  });

  it('agrees with the plain 64-bit algorithm for every id', () => {
    fc.assert(fc.property(anyId, (id) => expect(passwordOf(id)).toEqual(plainPassword(id))));
  });

  it('writes 16 bytes where it is told and nowhere else', () => {
    const out = new Uint8Array(20).fill(7);
    sessionPassword(0x1000015, 0x374d0000, out, 2);
    expect([out[0], out[1], out[18], out[19]]).toEqual([7, 7, 7, 7]);
    expect(out.subarray(2, 18)).toEqual(plainPassword(0x1000015374d0000n));
  });
});

describe('passwordMatches', () => {
  it('accepts the password of the id, wherever it lies', () => {
    fc.assert(
      fc.property(
        anyId.filter((id) => id !== 0n),
        fc.nat(9),
        (id, at) => {
          const bytes = new Uint8Array(at + 20);
          bytes.set(plainPassword(id), at);
          expect(passwordMatches(hiOf(id), loOf(id), bytes, at, at + 16)).toBe(true);
        },
      ),
    );
  });

  it('refuses a password with any one byte changed', () => {
    fc.assert(
      fc.property(anyId, fc.nat(15), fc.integer({ min: 1, max: 255 }), (id, at, change) => {
        const bytes = plainPassword(id);
        bytes[at]! ^= change;
        expect(passwordMatches(hiOf(id), loOf(id), bytes, 0, 16)).toBe(false);
      }),
    );
  });

  it.each([
    ['session 0, even with the bytes its id gives', 0n, plainPassword(0n)],
    ['no bytes', 1n, new Uint8Array(0)],
    ['fifteen bytes', 1n, plainPassword(1n).subarray(0, 15)],
    ['seventeen bytes', 1n, new Uint8Array([...plainPassword(1n), 0])],
    ['the password of another session', 1n, plainPassword(2n)],
    ['zeros', int64(0x1000015, 0x374d0000), new Uint8Array(16)],
  ])('refuses %s', (_case, id, bytes) => {
    expect(passwordMatches(hiOf(id), loOf(id), bytes, 0, bytes.length)).toBe(false);
  });
});
