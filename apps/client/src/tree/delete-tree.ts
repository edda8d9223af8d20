import { type ZkClient, op } from '@zk/client-api';
import { walk } from './walk.js';

export interface DeleteTreeOptions {
  /** Deletions on their way at a time. */
  readonly batch: number;
  readonly signal: AbortSignal;
}

/**
 * Deletes a znode and everything below it, children before parents, many at a time. Not atomic: what is created below
 * meanwhile makes some deletions fail.
 * @throws what the server answers for the root, or when the connection breaks
 */
export async function deleteTree(
  client: ZkClient,
  root: string,
  { batch, signal }: DeleteTreeOptions,
): Promise<{ readonly deleted: number; readonly failed: number }> {
  const paths: string[] = [];
  for await (const { path, error } of walk(client, root, { signal })) {
    if (error !== undefined) throw error;
    paths.push(path);
  }
  let failed = 0;
  let firstError: Error | undefined;
  for (const part of batchesOf(paths.reverse(), batch)) {
    signal.throwIfAborted();
    for (const error of await deleteBatch(client, part, signal)) {
      failed++;
      firstError ??= error;
    }
  }
  if (firstError !== undefined && firstError.name !== 'NOTEMPTY') throw firstError;
  return { deleted: paths.length - failed, failed };
}

/** A request is limited in size by the server, 1 MiB by default: a batch stays well below. */
const MAX_BATCH_CHARS = 256 * 1024;

function* batchesOf(paths: readonly string[], size: number): Generator<readonly string[]> {
  let batch: string[] = [];
  let chars = 0;
  for (const path of paths) {
    if (batch.length >= size || chars + path.length > MAX_BATCH_CHARS) {
      yield batch;
      batch = [];
      chars = 0;
    }
    batch.push(path);
    chars += path.length;
  }
  if (batch.length > 0) yield batch;
}

/** In one transaction, as zkCli does; when that is refused, one by one. @returns what was refused */
async function deleteBatch(client: ZkClient, paths: readonly string[], signal: AbortSignal): Promise<readonly Error[]> {
  try {
    await client.multi(
      paths.map((path) => op.delete(path)),
      { signal },
    );
    return [];
  } catch (error) {
    if (!('failedIndex' in (error as object))) throw error;
  }
  // Requests of one session are answered in order: children go before parents because they are asked for first.
  const results = await Promise.allSettled(paths.map((path) => client.delete(path, { signal, ifMissing: 'ignore' })));
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
}
