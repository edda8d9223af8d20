export type { BarrierOptions } from './barrier.js';
export { DistributedBarrier } from './barrier.js';
export type { DoubleBarrierOptions } from './double-barrier.js';
export { DistributedDoubleBarrier } from './double-barrier.js';
