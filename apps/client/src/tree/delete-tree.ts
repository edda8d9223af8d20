import type { ZkClient } from '@zk/client-api';
import { walk } from './walk.js';

export interface DeleteTreeOptions {
  /** Deletions on their way at a time. */
  readonly batch: number;
  readonly signal: AbortSignal;
  readonly onDeleted?: (count: number) => void;
  /** Leave the root, and delete what is below. */
  readonly keepRoot?: boolean;
}

/**
 * Deletes a znode and everything below it, children before parents, many at a time. Not atomic: what is created below
 * meanwhile makes some deletions fail.
 * @throws what the server answers for the root, or when the connection breaks
 */
export async function deleteTree(
  client: ZkClient,
  root: string,
  { batch, signal, onDeleted, keepRoot = false }: DeleteTreeOptions,
): Promise<{ readonly deleted: number; readonly failed: number }> {
  const paths: string[] = [];
  for await (const { path, error } of walk(client, root, { signal })) {
    if (error !== undefined) throw error;
    if (path !== root || !keepRoot) paths.push(path);
  }
  let failed = 0;
  let firstError: Error | undefined;
  // Requests of one session are answered in order: children go before parents because they are asked for first.
  for (let end = paths.length; end > 0; end -= batch) {
    signal.throwIfAborted();
    const part = paths.slice(Math.max(0, end - batch), end).reverse();
    const results = await Promise.allSettled(part.map((path) => client.delete(path, { signal, ifMissing: 'ignore' })));
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      failed++;
      firstError ??= result.reason as Error;
    }
    onDeleted?.(part.length);
  }
  if (firstError !== undefined && firstError.name !== 'NOTEMPTY') throw firstError;
  return { deleted: paths.length - failed, failed };
}
