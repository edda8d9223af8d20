import { LargeRequestGate } from './large-request-gate.js';

describe('LargeRequestGate', () => {
  it('lets everything pass by default', () => {
    const gate = new LargeRequestGate();
    for (let i = 0; i < 200; i++) expect(gate.enter(1_048_575)).toBe(true);
    expect(gate.inFlightBytes).toBe(0);
  });

  it.each([
    [-1, 1_000, false],
    [0, 1_000, false],
    [100, 100, false],
    [100, 101, true],
  ])('with a threshold of %i bytes, takes a frame of %i bytes for large: %s', (thresholdBytes, length, expected) => {
    expect(new LargeRequestGate({ thresholdBytes }).isLarge(length)).toBe(expected);
  });

  it('bounds the sum of large requests in flight, the bound itself included', () => {
    const gate = new LargeRequestGate({ thresholdBytes: 100, maxBytes: 500 });
    expect([gate.enter(300), gate.enter(200), gate.enter(101)]).toEqual([true, true, false]);
    expect([gate.inFlightBytes, gate.rejectedCount]).toEqual([500, 1]);
    gate.leave(200);
    expect(gate.mayReceive(201)).toBe(false);
    expect(gate.mayReceive(200)).toBe(true);
    expect([gate.inFlightBytes, gate.rejectedCount]).toEqual([300, 2]);
  });

  it('never counts small requests, on the way in or out', () => {
    const gate = new LargeRequestGate({ thresholdBytes: 100, maxBytes: 150 });
    gate.enter(150);
    expect(gate.enter(100)).toBe(true);
    gate.leave(100);
    expect(gate.inFlightBytes).toBe(150);
  });
});
