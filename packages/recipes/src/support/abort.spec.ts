import { getEventListeners } from 'node:events';
import { BehaviorSubject, Subject } from 'rxjs';
import type { ClientRuntime } from '@zk/client-api';
import { VirtualTime } from '@zk/testing';
import { CallScope, LinkedSignal, firstOf, onAbort, onSettled, sleep } from './abort.js';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

function virtual(): { time: VirtualTime; runtime: ClientRuntime } {
  const time = new VirtualTime();
  return { time, runtime: { clock: time, scheduler: time, random: { next: () => 0.5 } } };
}

describe('onAbort', () => {
  it('puts one listener on a signal, however many follow it, and takes it away with the last', () => {
    const source = new AbortController();
    const seen: number[] = [];
    const leave = Array.from({ length: 1_000 }, (_, i) => onAbort(source.signal, () => seen.push(i)));
    expect(listeners(source.signal)).toBe(1);
    for (const each of leave.slice(2)) each();
    leave[5]!();
    expect(listeners(source.signal)).toBe(1);
    source.abort();
    expect(seen).toEqual([0, 1]);
    const other = new AbortController();
    onAbort(other.signal, () => undefined)();
    expect(listeners(other.signal)).toBe(0);
  });

  it('calls twice a function that follows twice', () => {
    const source = new AbortController();
    let calls = 0;
    const follower = (): void => void calls++;
    onAbort(source.signal, follower);
    const leave = onAbort(source.signal, follower);
    onAbort(source.signal, follower);
    leave();
    source.abort();
    expect(calls).toBe(2);
  });
});

describe('onSettled', () => {
  it.each([
    ['is kept', Promise.resolve()],
    ['is broken', Promise.reject(new Error('no'))],
  ])('calls everybody who still waits, once, when a promise %s', async (_how, promise) => {
    const seen: string[] = [];
    const note = (who: string) => (): void => void seen.push(who);
    onSettled(promise, note('first'));
    onSettled(promise, note('gone'))();
    onSettled(promise, note('second'));
    await promise.catch(() => undefined);
    onSettled(promise, note('late'));
    await promise.catch(() => undefined);
    expect(seen).toEqual(['first', 'second', 'late']);
  });

  it('hangs one callback on a promise, however many wait for it in turns', async () => {
    const never = new Promise(() => undefined);
    const then = jest.spyOn(never, 'then');
    for (let turn = 0; turn < 100; turn++) await firstOf({ promises: [never, Promise.resolve()] });
    expect(then).toHaveBeenCalledTimes(1);
  });
});

describe('LinkedSignal', () => {
  it('aborts with the first source, and with its reason', () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const linked = new LinkedSignal(a.signal, undefined, b.signal);
    b.abort('b');
    a.abort('a');
    expect(linked.signal.reason).toBe('b');
  });

  it('is aborted from the start when a source is', () => {
    expect(new LinkedSignal(AbortSignal.abort('over')).signal.reason).toBe('over');
  });

  it('leaves no listener on its sources when it is disposed or has aborted', () => {
    const source = new AbortController();
    const disposed = new LinkedSignal(source.signal);
    const aborted = new LinkedSignal(source.signal);
    expect(listeners(source.signal)).toBe(1);
    disposed[Symbol.dispose]();
    aborted.abort('by hand');
    expect(listeners(source.signal)).toBe(0);
    expect(disposed.signal.aborted).toBe(false);
  });
});

describe('CallScope', () => {
  it('ends when the time is over, and says that it was the time', async () => {
    const { time, runtime } = virtual();
    using scope = new CallScope(runtime, { timeout: '2s' });
    await time.advance(1_500);
    expect(scope.remainingMs).toBe(500);
    expect(scope.signal.aborted).toBe(false);
    await time.advance(500);
    expect(scope).toMatchObject({ hasTimedOut: true, remainingMs: 0 });
  });

  it('ends with the signal of the caller, and says that it was not the time', () => {
    const caller = new AbortController();
    using scope = new CallScope(virtual().runtime, { timeout: '2s', signal: caller.signal });
    caller.abort('enough');
    expect(scope.hasTimedOut).toBe(false);
    expect(scope.signal.reason).toBe('enough');
  });

  it('takes no time in place of options: it would be no limit', () => {
    expect(() => new CallScope(virtual().runtime, 5_000 as never)).toThrow(/options are an object/);
  });

  it('leaves neither timer nor listener behind', () => {
    const { time, runtime } = virtual();
    const caller = new AbortController();
    new CallScope(runtime, { timeout: '2s', signal: caller.signal })[Symbol.dispose]();
    expect(time.pendingTimers).toBe(0);
    expect(listeners(caller.signal)).toBe(0);
  });
});

describe('firstOf', () => {
  it('resolves with whatever comes first, rejections included, and leaves the others alone', async () => {
    const [signal, subject] = [new AbortController().signal, new Subject<void>()];
    const first = firstOf({ signals: [signal], promises: [Promise.reject(new Error('no'))], observables: [subject] });
    expect([listeners(signal), subject.observed]).toEqual([1, true]);
    await first;
    expect([listeners(signal), subject.observed]).toEqual([0, false]);
  });

  it('ends a subscription that answers while it is made', async () => {
    const subject = new BehaviorSubject(1);
    await firstOf({ observables: [subject] });
    expect(subject.observed).toBe(false);
  });

  it('resolves at once for a signal that has aborted, and listens to nobody', async () => {
    const [signal, subject] = [new AbortController().signal, new Subject<void>()];
    await firstOf({ signals: [signal, undefined, AbortSignal.abort()], observables: [subject] });
    expect([listeners(signal), subject.observed]).toEqual([0, false]);
  });
});

describe('sleep', () => {
  it('takes its time, or ends with the signal', async () => {
    const { time, runtime } = virtual();
    const stop = new AbortController();
    const [long, short] = [sleep(runtime, 1_000, stop.signal), sleep(runtime, 10)];
    await time.advance(10);
    await short;
    stop.abort(new Error('stop'));
    await expect(long).rejects.toThrow('stop');
    expect(time.pendingTimers).toBe(0);
  });
});
