import { KeeperError } from '@zk/model';
import { ConnectionClosedError } from '@zk/test-client';

/** How a call ended: `OK`, the name of the refusal, or `CLOSED` when the connection ended instead of a reply. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof KeeperError) return error.name;
    if (error instanceof ConnectionClosedError) return 'CLOSED';
    throw error;
  }
}

export const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : new TextDecoder().decode(bytes);

export const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Promises whose refusals are looked at later. */
export function settled<T>(calls: readonly Promise<T>[]): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(calls);
}
