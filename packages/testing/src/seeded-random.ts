import type { RandomSource } from '@zk/contracts';

/** Chance that repeats itself: a linear congruential generator with the constants of Numerical Recipes. */
export function seededRandom(seed: number): RandomSource {
  let state = seed >>> 0;
  return {
    next: () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    },
  };
}
