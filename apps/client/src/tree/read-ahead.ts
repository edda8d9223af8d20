/**
 * Maps items in order, with many under way at a time: a request per znode costs a round trip per batch, not per znode.
 */
export async function* mapAhead<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  map: (item: T) => Promise<R>,
  ahead = 256,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = map(item);
      // It may have to wait here for its turn: a rejection is somebody's then, not nobody's.
      result.catch(() => undefined);
      pending.push(result);
      if (pending.length >= ahead) yield await (pending.shift() as Promise<R>);
    }
    while (pending.length > 0) yield await (pending.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(pending);
  }
}
