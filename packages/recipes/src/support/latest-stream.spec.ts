import { type Observable, Subject, of } from 'rxjs';
import { LatestStream } from './latest-stream.js';

function streamOf<T>(source: Observable<T>): LatestStream<T> {
  return new LatestStream((subscriber) => source.subscribe(subscriber));
}

describe('LatestStream', () => {
  it('gives a slow loop the latest value and not those before', async () => {
    const source = new Subject<number>();
    const seen: number[] = [];
    const iterator = streamOf(source)[Symbol.asyncIterator]();
    const first = iterator.next();
    for (const value of [1, 2, 3]) source.next(value);
    seen.push((await first).value!);
    source.next(4);
    seen.push((await iterator.next()).value!);
    expect(seen).toEqual([3, 4]);
  });

  it('ends the loop when the source completes, after its last value', async () => {
    const seen: number[] = [];
    for await (const value of streamOf(of(7))) seen.push(value);
    expect(seen).toEqual([7]);
  });

  it('throws what the source throws, once', async () => {
    const source = new Subject<number>();
    const iterator = streamOf(source)[Symbol.asyncIterator]();
    const next = iterator.next();
    source.error(new Error('broken'));
    await expect(next).rejects.toThrow('broken');
    await expect(iterator.next()).resolves.toEqual({ value: undefined, done: true });
  });

  it('unsubscribes when the loop is left, and wakes whoever waits', async () => {
    const source = new Subject<number>();
    const iterator = streamOf(source)[Symbol.asyncIterator]();
    const waiting = iterator.next();
    expect(source.observed).toBe(true);
    await iterator.return!();
    expect(source.observed).toBe(false);
    await expect(waiting).resolves.toEqual({ value: undefined, done: true });
  });
});
