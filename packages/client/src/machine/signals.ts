/**
 * One listener per signal, however many calls it can cancel: a program passes the same signal to thousands of calls at
 * a time, and Node takes more than ten listeners for a leak. The listener stays for as long as the signal lives, which
 * costs a program with one signal nothing and spares a busy one the coming and going.
 */
const followersOf = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls back when the signal aborts (not if it has), unless {@link unfollow} comes first. The callback does not throw. */
export function follow(signal: AbortSignal, callback: () => void): void {
  let followers = followersOf.get(signal);
  if (followers === undefined) {
    const all = (followers = new Set());
    followersOf.set(signal, all);
    signal.addEventListener(
      'abort',
      () => {
        for (const call of all) call();
        all.clear();
      },
      { once: true },
    );
  }
  followers.add(callback);
}

export function unfollow(signal: AbortSignal, callback: () => void): void {
  followersOf.get(signal)?.delete(callback);
}
