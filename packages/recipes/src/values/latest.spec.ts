import { BehaviorSubject, Subject } from 'rxjs';
import { latestOf } from './latest.js';

describe('the latest of an Observable', () => {
  it('is what a slow consumer gets, after the first', async () => {
    const source = new BehaviorSubject(1);
    const values = latestOf(source);
    expect(await values.next()).toEqual({ done: false, value: 1 });
    source.next(2);
    source.next(3);
    expect(await values.next()).toEqual({ done: false, value: 3 });
    const waiting = values.next();
    source.next(4);
    expect(await waiting).toEqual({ done: false, value: 4 });
  });

  it('ends with it, after the last value', async () => {
    const source = new Subject<number>();
    const values = latestOf(source);
    source.next(7);
    source.complete();
    expect(await values.next()).toEqual({ done: false, value: 7 });
    expect(await values.next()).toEqual({ done: true, value: undefined });
    expect(await values.next()).toEqual({ done: true, value: undefined });
  });

  it('fails with it, once', async () => {
    const source = new Subject<number>();
    const values = latestOf(source);
    const waiting = values.next();
    source.error(new Error('broken'));
    await expect(waiting).rejects.toThrow('broken');
    expect(await values.next()).toMatchObject({ done: true });
  });

  it('lets go of it when the loop is left, and ends who waits', async () => {
    const source = new Subject<number>();
    const values = latestOf(source);
    const waiting = values.next();
    await values.return!();
    expect(await waiting).toMatchObject({ done: true });
    expect(source.observed).toBe(false);
  });
});
