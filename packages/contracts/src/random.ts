/** Randomness, as an input, so that a seed replays a run. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  next(): number;
}

export const RANDOM = Symbol.for('@zk/RandomSource');
