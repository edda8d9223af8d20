import { PausableScheduler } from './pausable-scheduler.js';
import { VirtualTime } from './virtual-time.js';

describe('VirtualTime', () => {
  it('fires timers in order, each at its time, and those of one moment in the order they were set', async () => {
    const time = new VirtualTime();
    const start = time.monotonicMs();
    const fired: [string, number][] = [];
    const note = (name: string) => () => void fired.push([name, time.monotonicMs() - start]);
    time.after(30, note('c'));
    time.after(10, note('a'));
    time.after(10, note('b'));
    time.after(1000, note('never'));
    time.after(20, note('cancelled')).cancel();
    await time.advance(999);
    expect(fired).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 30],
    ]);
    expect(time.monotonicMs() - start).toBe(999);
    expect(time.pendingTimers).toBe(1);
  });

  it('lets what a timer sets off come to rest before the next one: promises, turns, timers of no time', async () => {
    const time = new VirtualTime();
    const heard: string[] = [];
    time.after(10, () => {
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => time.atTurnEnd(() => time.atTurnEnd(() => time.after(0, () => heard.push('consequence')))));
    });
    time.after(11, () => void heard.push('next'));
    await time.advance('11ms');
    expect(heard).toEqual(['consequence', 'next']);
  });

  it('stands still by itself, and goes on by what a promise needs', async () => {
    const time = new VirtualTime();
    const start = time.monotonicMs();
    const sleep = new Promise<string>((resolve) => time.after(60_000, () => resolve('awake')));
    await time.settle();
    expect(time.monotonicMs()).toBe(start);
    expect(await time.during(sleep)).toBe('awake');
    expect(time.monotonicMs()).toBe(start + 60_000);
    await expect(time.during(new Promise(() => undefined))).rejects.toThrow('no timer');
  });

  it.each([20_000 / 3, 0.1 + 0.2, 1e-12, 1 / 3])(
    'wakes nobody before the moment they wait for (%d ms)',
    async (delayMs) => {
      const time = new VirtualTime();
      const dueMs = time.monotonicMs() + delayMs;
      let wakings = 0;
      const wake = (): void => {
        wakings++;
        if (time.monotonicMs() < dueMs && wakings < 10) time.after(dueMs - time.monotonicMs(), wake);
      };
      time.after(delayMs, wake);
      await time.advance(20_000);
      expect(wakings).toBe(1);
    },
  );

  it('jumps without a timer firing, and then they fire late', async () => {
    const time = new VirtualTime();
    const start = time.monotonicMs();
    let firedAtMs = 0;
    time.after(10, () => (firedAtMs = time.monotonicMs()));
    time.jump('5s');
    await time.settle();
    expect(firedAtMs).toBe(0);
    await time.advance(0);
    expect(firedAtMs).toBe(start + 5000);
  });

  it('has a wall clock that can be set without the monotonic one noticing', () => {
    const time = new VirtualTime();
    const [wall, monotonic] = [time.wallMs(), time.monotonicMs()];
    time.jumpWallClock(-3_600_000);
    expect([time.wallMs(), time.monotonicMs()]).toEqual([wall - 3_600_000, monotonic]);
  });
});

describe('PausableScheduler', () => {
  it('does nothing while paused, and everything afterwards, in order', async () => {
    const time = new VirtualTime();
    const scheduler = new PausableScheduler(time);
    const done: string[] = [];
    scheduler.after(20, () => void done.push('later'));
    scheduler.after(10, () => void done.push('sooner'));
    const cancelled = scheduler.after(10, () => void done.push('cancelled'));
    scheduler.pause();
    scheduler.atTurnEnd(() => void done.push('turn'));
    await time.advance(50);
    expect(done).toEqual([]);
    cancelled.cancel();
    scheduler.resume();
    await time.settle();
    expect(done).toEqual(['turn', 'sooner', 'later']);
  });
});
