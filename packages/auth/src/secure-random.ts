import type { RandomSource } from '@zk/contracts';
import { randomBytes } from 'node:crypto';

/** Bytes behind one random number: as many as a double holds. */
const RANDOM_BYTES = 6;

/** Nonces must be unpredictable, so they come from the platform's generator for keys. */
export const secureRandom: RandomSource = {
  next: () => randomBytes(RANDOM_BYTES).readUIntBE(0, RANDOM_BYTES) / 2 ** (8 * RANDOM_BYTES),
};
