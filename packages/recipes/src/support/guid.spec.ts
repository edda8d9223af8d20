import { hex32, uuid36 } from './guid.js';

const zero = { next: () => 0 };
const one = { next: () => 1 - 2 ** -53 };

describe('guids from a source of randomness', () => {
  it('are version 4 in their canonical form, whatever the source gives', () => {
    expect(uuid36(zero)).toBe('00000000-0000-4000-8000-000000000000');
    expect(uuid36(one)).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
    expect(hex32(zero)).toBe('00000000000040008000000000000000');
  });

  it('differ from call to call', () => {
    const random = { next: () => Math.random() };
    expect(new Set(Array.from({ length: 1_000 }, () => uuid36(random))).size).toBe(1_000);
  });
});
