import { TurnShare } from './turn-share.js';

/** How many requests are done before the share is spent, when each takes so long; at most 1000. */
function requestsOf(share: TurnShare, time: { nowMs: number }, eachMs: number): number {
  time.nowMs += eachMs;
  share.begin();
  for (let done = 2; done <= 1000; done++) {
    time.nowMs += eachMs;
    if (share.isSpent()) return done;
  }
  return 1000;
}

describe('the share that one connection has of a turn', () => {
  let looks: number;
  let time: { nowMs: number };
  let share: TurnShare;

  beforeEach(() => {
    looks = 0;
    time = { nowMs: 1_000 };
    const monotonicMs = (): number => {
      looks++;
      return time.nowMs;
    };
    share = new TurnShare({ monotonicMs, wallMs: () => 0 });
  });

  it.each([
    { eachMs: 0.001, done: 1000 },
    { eachMs: 0.1, done: 51 },
    { eachMs: 1, done: 17 },
    { eachMs: 100, done: 17 },
  ])('is spent after $done requests of $eachMs ms, the first time', ({ eachMs, done }) => {
    expect(requestsOf(share, time, eachMs)).toBe(done);
  });

  it.each([
    { eachMs: 1.1, done: 6 },
    { eachMs: 4, done: 3 },
    { eachMs: 100, done: 2 },
  ])('is spent after $done requests of $eachMs ms, once such have been seen', ({ eachMs, done }) => {
    requestsOf(share, time, eachMs);
    expect(requestsOf(share, time, eachMs)).toBe(done);
  });

  it('costs a look at the clock for every sixteenth request, also when there have been slow ones', () => {
    requestsOf(share, time, 0);
    expect(looks).toBe(1 + Math.floor(999 / 16));
    requestsOf(share, time, 100);
    looks = 0;
    requestsOf(share, time, 0);
    // After 1, 2, 4, 8 and then each 16.
    expect(looks).toBe(1 + 4 + Math.floor((999 - 15) / 16));
  });
});
