export type { LeaderElectionOptions } from './leader-election.js';
export { LeaderElection } from './leader-election.js';
export { LeaderLatch } from './leader-latch.js';
export type { Leader } from './observe.js';
export type { ElectionOptions } from './terms.js';
export { Term } from './terms.js';
