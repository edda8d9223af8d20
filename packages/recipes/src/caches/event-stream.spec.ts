import { Subject } from 'rxjs';
import { EventOverflowError, EventStream } from './event-stream.js';

describe('a stream of events', () => {
  it('delivers to subscribers at once, and keeps for iterators from the moment they begin', async () => {
    const subject = new Subject<number>();
    const stream = new EventStream(subject);
    const seen: number[] = [];
    stream.subscribe((value) => seen.push(value));
    subject.next(1);
    const iterator = stream[Symbol.asyncIterator]();
    for (const value of [2, 3]) subject.next(value);
    expect(seen).toEqual([1, 2, 3]);
    expect(await iterator.next()).toEqual({ done: false, value: 2 });
    expect(await iterator.next()).toEqual({ done: false, value: 3 });
    const waiting = iterator.next();
    subject.next(4);
    expect(await waiting).toEqual({ done: false, value: 4 });
  });

  it('gives what is buffered before it ends', async () => {
    const subject = new Subject<number>();
    const iterator = new EventStream(subject)[Symbol.asyncIterator]();
    subject.next(1);
    subject.complete();
    const seen: number[] = [];
    for await (const value of iterator) seen.push(value);
    expect(seen).toEqual([1]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('ends with the error of its source, once', async () => {
    const subject = new Subject<number>();
    const iterator = new EventStream(subject)[Symbol.asyncIterator]();
    const waiting = iterator.next();
    subject.error(new Error('broken'));
    await expect(waiting).rejects.toThrow('broken');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('ends with an error when the consumer is too slow, after what it had kept', async () => {
    const subject = new Subject<number>();
    const iterator = new EventStream(subject, { bufferSize: 2 })[Symbol.asyncIterator]();
    for (const value of [1, 2, 3]) subject.next(value);
    expect(subject.observed).toBe(false);
    expect((await iterator.next()).value).toBe(1);
    expect((await iterator.next()).value).toBe(2);
    await expect(iterator.next()).rejects.toThrow(EventOverflowError);
  });

  it('keeps the newest where that is all one needs', async () => {
    const subject = new Subject<number>();
    const iterator = new EventStream(subject, { bufferSize: 1, overflow: 'latest' })[Symbol.asyncIterator]();
    for (const value of [1, 2, 3]) subject.next(value);
    expect((await iterator.next()).value).toBe(3);
  });

  it('lets its source go when the loop is left, and wakes who waits', async () => {
    const subject = new Subject<number>();
    const iterator = new EventStream(subject)[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return!();
    expect(subject.observed).toBe(false);
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('keeps the order over many events', async () => {
    const subject = new Subject<number>();
    const iterator = new EventStream(subject)[Symbol.asyncIterator]();
    for (let i = 0; i < 20_000; i++) {
      subject.next(i);
      if (i % 2 === 1) expect((await iterator.next()).value).toBe((i - 1) / 2);
    }
  });
});
