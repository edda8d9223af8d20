import { follow, unfollow } from './signals.js';

describe('following a signal', () => {
  it('takes one listener for any number of followers, and tells those that are left', () => {
    const controller = new AbortController();
    const added = jest.spyOn(controller.signal, 'addEventListener');
    const told: number[] = [];
    const callbacks = Array.from({ length: 100 }, (_, i) => () => void told.push(i));
    for (const callback of callbacks) follow(controller.signal, callback);
    for (const callback of callbacks.slice(1, 99)) unfollow(controller.signal, callback);
    expect(added).toHaveBeenCalledTimes(1);
    controller.abort();
    expect(told).toEqual([0, 99]);
  });

  it('may lead to others being let go, or coming, in the middle', () => {
    const { signal, abort } = watched();
    const told: string[] = [];
    const second = (): void => void told.push('second');
    follow(signal, () => {
      told.push('first');
      unfollow(signal, second);
    });
    follow(signal, second);
    abort();
    expect(told).toEqual(['first']);
  });
});

function watched(): { readonly signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
