export { WatchTable } from './watches/watch-table.js';
export type { Deliver, WatchedTree } from './watches/watched-tree.js';
