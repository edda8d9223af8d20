import { type CallOptions, type ZkClient, type Codec, type OptionRules } from '@zk/client-api';
import { type AtomicOptions, type AtomicResult, DistributedAtomicValue, updatingRules } from './atomic-value.js';
import { decimalCodec, decimalInt32Codec, int32Codec, int64Codec } from './counter-codecs.js';
import { dialectRule, requireRecipe } from '../support/index.js';

/** Whose bytes: Curator's big-endian integers, or the decimal text of kazoo's Counter. */
export type NumberFormat = 'curator' | 'kazoo';

export interface AtomicNumberOptions<T> extends Omit<AtomicOptions<T>, 'codec' | 'initial'> {
  /** Default `curator`. */
  readonly format?: NumberFormat | undefined;
}

const numberRules: OptionRules<AtomicNumberOptions<unknown>> = { ...updatingRules, format: dialectRule };

/**
 * A counter of 64 bits: Curator's DistributedAtomicLong, or with `format: 'kazoo'` kazoo's Counter, whose integers have
 * no limit. A missing or empty znode counts as 0. Curator's format wraps around at its ends, as in Java. Of a lost
 * connection, a lost session and a cancelled call see {@link DistributedAtomicValue}.
 */
export class DistributedAtomicLong extends DistributedAtomicValue<bigint> {
  readonly #wrap: (value: bigint) => bigint;

  constructor(client: ZkClient, path: string, options: AtomicNumberOptions<bigint> = {}) {
    const isText = requireRecipe('a DistributedAtomicLong', client, path, options, numberRules).format === 'kazoo';
    super(client, path, atomicOptions(options, isText ? decimalCodec : int64Codec));
    this.#wrap = isText ? (value) => value : (value) => BigInt.asIntN(64, value);
  }

  add(delta: bigint, options?: CallOptions): Promise<AtomicResult<bigint>> {
    if (typeof delta !== 'bigint') {
      return Promise.reject(new TypeError(`64 bits are a bigint, as in 5n, not a ${typeof delta}`));
    }
    return this.update((value) => this.#wrap(value + delta), options);
  }

  subtract(delta: bigint, options?: CallOptions): Promise<AtomicResult<bigint>> {
    return this.add(-delta, options);
  }

  increment(options?: CallOptions): Promise<AtomicResult<bigint>> {
    return this.add(1n, options);
  }

  decrement(options?: CallOptions): Promise<AtomicResult<bigint>> {
    return this.add(-1n, options);
  }
}

/**
 * A counter of 32 bits: Curator's DistributedAtomicInteger, whose znode a SharedCount and kazoo's
 * `Counter(support_curator=True)` understand too; with `format: 'kazoo'` decimal text. Otherwise as
 * {@link DistributedAtomicLong}.
 */
export class DistributedAtomicInteger extends DistributedAtomicValue<number> {
  constructor(client: ZkClient, path: string, options: AtomicNumberOptions<number> = {}) {
    const { format } = requireRecipe('a DistributedAtomicInteger', client, path, options, numberRules);
    super(client, path, atomicOptions(options, format === 'kazoo' ? decimalInt32Codec : int32Codec));
  }

  add(delta: number, options?: CallOptions): Promise<AtomicResult<number>> {
    if (!Number.isInteger(delta)) return Promise.reject(new RangeError(`${delta} is not an integer`));
    return this.update((value) => (value + delta) | 0, options);
  }

  subtract(delta: number, options?: CallOptions): Promise<AtomicResult<number>> {
    return this.add(-delta, options);
  }

  increment(options?: CallOptions): Promise<AtomicResult<number>> {
    return this.add(1, options);
  }

  decrement(options?: CallOptions): Promise<AtomicResult<number>> {
    return this.add(-1, options);
  }
}

function atomicOptions<T>({ format, ...options }: AtomicNumberOptions<T>, codec: Codec<T>): AtomicOptions<T> {
  return { parents: format === 'kazoo' ? 'persistent' : 'container', ...options, codec };
}
