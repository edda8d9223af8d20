export type { ConsumeOptions, FailureMode, QueueProblem } from './consumer.js';
export { QueueConsumer } from './consumer.js';
export type { DistributedQueueOptions, Due } from './distributed-queue.js';
export {
  DistributedDelayQueue,
  DistributedIdQueue,
  DistributedPriorityQueue,
  DistributedQueue,
} from './distributed-queue.js';
export { QueueItemError } from './item-codec.js';
export type { QueueOptions } from './queue.js';
export { Queue } from './queue.js';
export type { QueueSharderOptions } from './queue-sharder.js';
export { QueueSharder } from './queue-sharder.js';
export { TakeUnknownError, UnreadableItemError } from './errors.js';
export type { SimpleQueueOptions } from './simple-queue.js';
export { LockingQueue, SimpleDistributedQueue } from './simple-queue.js';
export type { ItemContext, ItemHandler } from './taken-items.js';
export { TakenItems } from './taken-items.js';
