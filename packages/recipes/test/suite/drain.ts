import type { Queue } from '../../src/index.js';

/** What is in a queue, taken one by one. */
export async function drain<T>(queue: Queue<T>): Promise<T[]> {
  const items: T[] = [];
  for (let taken = await queue.poll(); taken !== undefined; taken = await queue.poll()) {
    items.push(...taken.items);
    await taken.complete();
  }
  return items;
}
