import type { ZkClient } from '@zk/client-api';
import { isNamed, requirePath } from '../support/index.js';

/** A number; or a node that has it, as four bytes (big-endian, signed), and may change it. */
export type MaxLeases =
  | number
  | { readonly path: string; /** Created with this when it does not exist. */ readonly initial?: number | undefined };

const BYTES = 4;

/** How many leases there are, by agreement or by a SharedCount of Curator (spec: recipes, sections 3.4 and 6.1). */
export class LeaseLimit {
  /** When it is no node. */
  readonly fixed: number | undefined;
  readonly #client: ZkClient;
  readonly #shared: Exclude<MaxLeases, number> | undefined;

  constructor(client: ZkClient, maxLeases: MaxLeases) {
    this.#client = client;
    if (typeof maxLeases === 'object') this.#shared = { ...maxLeases, path: requirePath(maxLeases.path) };
    else if (Number.isInteger(maxLeases) && maxLeases >= 1) this.fixed = maxLeases;
    else throw new RangeError(`a semaphore has one lease or more, not ${String(maxLeases)}`);
  }

  async read(signal?: AbortSignal): Promise<number> {
    const limit = await this.watch(signal);
    limit.cancel();
    return limit.max;
  }

  /** The limit, and a promise that resolves when it may be another; none where it is fixed. */
  async watch(signal?: AbortSignal): Promise<{ max: number; changed?: Promise<unknown>; cancel(): void }> {
    // No promise that never settles and that all share: it would keep whatever has waited for it.
    if (this.fixed !== undefined) return { max: this.fixed, cancel: () => undefined };
    const { path, initial } = this.#shared!;
    const options = signal === undefined ? {} : { signal };
    for (;;) {
      try {
        const watched = await this.#client.getAndWatch(path, options);
        return { max: decode(path, watched.value.data), changed: watched.fired, cancel: () => watched.cancel() };
      } catch (error) {
        if (!isNamed(error, 'NONODE') || initial === undefined) throw error;
        await this.#client.create(path, encode(initial), { ...options, parents: 'container', ifExists: 'keep' });
      }
    }
  }
}

function encode(max: number): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  new DataView(bytes.buffer).setInt32(0, max);
  return bytes;
}

function decode(path: string, data: Uint8Array): number {
  if (data.length < BYTES) throw new RangeError(`${path} holds no limit: ${data.length} bytes instead of ${BYTES}`);
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getInt32(0);
}
