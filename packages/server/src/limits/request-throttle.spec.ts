import { OpCode } from '@zk/model';
import { RequestThrottle } from './request-throttle.js';

describe('RequestThrottle', () => {
  it('is off by default', () => {
    const throttle = new RequestThrottle();
    expect(throttle.isOn).toBe(false);
    expect(throttle.mustWait(1_000_000)).toBe(false);
    expect(throttle.isTooLate(OpCode.getData, 1e9)).toBe(false);
  });

  it.each([
    [9, false],
    [10, true],
    [11, true],
  ])('with at most ten requests and %i on their way, one more has to wait: %s', (inFlight, expected) => {
    expect(new RequestThrottle({ maxRequests: 10 }).mustWait(inFlight)).toBe(expected);
  });

  it.each([
    ['getData', OpCode.getData, 100, false],
    ['getData', OpCode.getData, 101, true],
    ['create', OpCode.create, 101, true],
    ['multi', OpCode.multi, 101, true],
    ['ping', OpCode.ping, 101, false],
    ['closeSession', OpCode.closeSession, 101, false],
  ])('with a limit of 100 ms, %s (%i) that waited %i ms is refused: %s', (_, type, waitedMs, expected) => {
    expect(new RequestThrottle({ maxWaitMs: 100 }).isTooLate(type, waitedMs)).toBe(expected);
  });
});
