import type { ConnectionThrottleOptions } from './connection-throttle.js';
import { ConnectionThrottle, DEFAULT_CONNECTION_THROTTLE } from './connection-throttle.js';

function rig(options: Partial<ConnectionThrottleOptions>) {
  const time = { nowMs: 1_000.25 };
  const dice = { next: 0.5 };
  const throttle = new ConnectionThrottle(options, { monotonicMs: () => time.nowMs }, { next: () => dice.next });
  const admitted = (count: number): number =>
    Array.from({ length: count }, () => throttle.admit('global')).filter(Boolean).length;
  return { throttle, time, dice, admitted };
}

describe('ConnectionThrottle', () => {
  it("has Apache ZooKeeper's defaults, with which it throttles nothing", () => {
    expect(DEFAULT_CONNECTION_THROTTLE).toEqual({
      tokens: 0,
      fillTimeMs: 1,
      fillCount: 1,
      freezeTimeMs: -1,
      dropIncrease: 0.02,
      dropDecrease: 0.002,
      decreaseRatio: 0,
      isWeightEnabled: false,
      globalSessionWeight: 3,
      renewSessionWeight: 2,
      localSessionWeight: 1,
    });
    expect(rig({}).admitted(1_000)).toBe(1_000);
  });

  it('admits as many as there are tokens, then refuses', () => {
    const { throttle, admitted } = rig({ tokens: 5 });
    expect(admitted(8)).toBe(5);
    expect(throttle.deficit).toBe(5);
  });

  it.each([
    ['less than the fill time', 10, 1, 9, 0],
    ['exactly the fill time', 10, 1, 10, 0],
    ['just more than the fill time', 10, 1, 11, 1],
    ['several fill times', 10, 2, 35, 7],
    ['for ever', 10, 2, 1_000_000, 20],
  ])('after %s (%i ms for %i tokens, %i ms later) it has %i again', (_, fillTimeMs, fillCount, laterMs, expected) => {
    const { time, admitted } = rig({ tokens: 20, fillTimeMs, fillCount });
    expect(admitted(20)).toBe(20);
    time.nowMs += laterMs;
    expect(admitted(50)).toBe(expected);
  });

  it('counts whole milliseconds', () => {
    const { time, admitted } = rig({ tokens: 1 });
    admitted(1);
    time.nowMs += 1.7;
    expect(admitted(1)).toBe(0);
    time.nowMs += 0.1;
    expect(admitted(1)).toBe(1);
  });

  it.each([
    ['global', 10],
    ['renew', 15],
    ['local', 30],
  ] as const)('weighs sessions: %s, %i of them for ten configured tokens', (demand, expected) => {
    const { throttle } = rig({ tokens: 10, isWeightEnabled: true });
    let admitted = 0;
    while (throttle.admit(demand)) admitted++;
    expect(admitted).toBe(expected);
  });

  it('refills for the weight of a global session too', () => {
    const { time, throttle, admitted } = rig({ tokens: 10, isWeightEnabled: true });
    admitted(10);
    time.nowMs += 2;
    expect(admitted(10)).toBe(2);
    expect(throttle.deficit).toBe(30);
  });

  it.each([
    ['a weight of nothing', { globalSessionWeight: 0, renewSessionWeight: -1, localSessionWeight: 0 }, [10, 15, 30]],
    [
      'a weight below that of a local session',
      { globalSessionWeight: 2, renewSessionWeight: 1, localSessionWeight: 5 },
      [10, 10, 10],
    ],
  ])('puts %s right', (_, weights, expected) => {
    const counts = (['global', 'renew', 'local'] as const).map((demand) => {
      const { throttle } = rig({ tokens: 10, isWeightEnabled: true, ...weights });
      let admitted = 0;
      while (throttle.admit(demand)) admitted++;
      return admitted;
    });
    expect(counts).toEqual(expected);
  });

  describe('dropping at random', () => {
    const blue = { tokens: 4, fillTimeMs: 1_000_000, freezeTimeMs: 100, dropIncrease: 0.25, dropDecrease: 0.1 };

    it('raises the chance by a step per freeze time while the bucket is empty, up to certainty', () => {
      const { throttle, time, admitted } = rig(blue);
      admitted(4);
      const chances = [];
      for (let i = 0; i < 6; i++) {
        time.nowMs += 101;
        throttle.admit('global');
        throttle.admit('global');
        chances.push(throttle.dropChance);
      }
      expect(chances).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    });

    it('lowers it while no more than the decrease ratio of the bucket is missing', () => {
      const options = { ...blue, tokens: 10, fillTimeMs: 150, fillCount: 15, decreaseRatio: 0.2 };
      const { throttle, time, admitted } = rig(options);
      admitted(10);
      const chanceAfterTakingOne = (): number => {
        time.nowMs += 101;
        throttle.admit('global');
        return Number(throttle.dropChance.toFixed(3));
      };
      // Empty; then refilled, one missing, and refilled again: every other step brings tokens back.
      expect([chanceAfterTakingOne(), chanceAfterTakingOne(), chanceAfterTakingOne()]).toEqual([0.25, 0.15, 0.05]);
      expect(chanceAfterTakingOne()).toBe(0);
      admitted(5);
      expect(throttle.deficit).toBeGreaterThan(2);
      expect(chanceAfterTakingOne()).toBe(0);
    });

    it('refuses when the dice fall below the chance, without taking a token', () => {
      const { throttle, time, dice } = rig({ ...blue, fillTimeMs: 150 });
      for (let i = 0; i < 4; i++) throttle.admit('global');
      time.nowMs += 101;
      throttle.admit('global');
      expect(throttle.dropChance).toBe(0.25);
      time.nowMs += 60;
      dice.next = 0.2;
      expect(throttle.admit('global')).toBe(false);
      expect(throttle.deficit).toBe(3);
      dice.next = 0.3;
      expect(throttle.admit('global')).toBe(true);
      expect(throttle.deficit).toBe(4);
    });
  });
});
