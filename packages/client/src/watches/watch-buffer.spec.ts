import type { WatchItem } from '@zk/client-api';
import { WatchBuffer } from './watch-buffer.js';

const event = (n: number): WatchItem => ({ type: 'created', path: `/n${n}`, zxid: BigInt(n) });

async function drain(buffer: WatchBuffer): Promise<string[]> {
  const seen: string[] = [];
  for await (const item of buffer) seen.push(item.type === 'reset' ? item.reason : item.path);
  return seen;
}

describe('the buffer of a watch', () => {
  it('replaces what it held by a reset when it is full', async () => {
    const buffer = new WatchBuffer('/', 2, 'reset', () => undefined);
    for (let i = 1; i <= 4; i++) buffer.push(event(i));
    buffer.end();
    expect(await drain(buffer)).toEqual(['overflow', '/n4']);
  });

  it('drops the oldest when told to', async () => {
    const buffer = new WatchBuffer('/', 2, 'dropOldest', () => undefined);
    for (let i = 1; i <= 4; i++) buffer.push(event(i));
    buffer.end();
    expect(await drain(buffer)).toEqual(['/n3', '/n4']);
  });

  it('ends with an error when told to, after what it held', async () => {
    let isReleased = false;
    const buffer = new WatchBuffer('/', 2, 'error', () => (isReleased = true));
    for (let i = 1; i <= 4; i++) buffer.push(event(i));
    expect(isReleased).toBe(true);
    expect(await buffer.next()).toMatchObject({ value: { path: '/n1' } });
    expect(await buffer.next()).toMatchObject({ value: { path: '/n2' } });
    await expect(buffer.next()).rejects.toMatchObject({ name: 'QueueFullError' });
    expect(await buffer.next()).toEqual({ done: true, value: undefined });
  });

  it('hands over at once to a consumer that waits', async () => {
    const buffer = new WatchBuffer('/', 1, 'reset', () => undefined);
    const waiting = [buffer.next(), buffer.next(), buffer.next()];
    buffer.push(event(1));
    buffer.push(event(2));
    buffer.end(new Error('over'));
    expect(await Promise.allSettled(waiting)).toMatchObject([
      { value: { value: { path: '/n1' } } },
      { value: { value: { path: '/n2' } } },
      { reason: { message: 'over' } },
    ]);
  });
});
