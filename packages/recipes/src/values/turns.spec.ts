import { Turns } from './turns.js';

/** A task that ends when it is told to. */
function task(): { run: () => Promise<string>; end: (value: string) => void; isRunning: () => boolean } {
  let end: (value: string) => void = () => undefined;
  let isRunning = false;
  const done = new Promise<string>((resolve) => (end = resolve));
  return { run: () => ((isRunning = true), done), end, isRunning: () => isRunning };
}

const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('come one after the other, in the order of the calls', async () => {
    const turns = new Turns();
    const [a, b] = [task(), task()];
    const results = [turns.run(never, a.run), turns.run(never, b.run)];
    await settled();
    expect([a.isRunning(), b.isRunning()]).toEqual([true, false]);
    a.end('a');
    await settled();
    expect(b.isRunning()).toBe(true);
    b.end('b');
    expect(await Promise.all(results)).toEqual(['a', 'b']);
  });

  it('are given up by who is cancelled, without letting the next one in too early', async () => {
    const turns = new Turns();
    const [a, b, c] = [task(), task(), task()];
    const first = turns.run(never, a.run);
    const controller = new AbortController();
    const second = turns.run(controller.signal, b.run);
    const third = turns.run(never, c.run);
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    await settled();
    expect([b.isRunning(), c.isRunning()]).toEqual([false, false]);
    a.end('a');
    c.end('c');
    expect(await Promise.all([first, third])).toEqual(['a', 'c']);
  });

  it('go on after one that failed', async () => {
    const turns = new Turns();
    await expect(turns.run(never, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await turns.run(never, () => Promise.resolve('next'))).toBe('next');
  });
});
