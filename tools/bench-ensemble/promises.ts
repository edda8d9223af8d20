/** The floors: what three of our servers promise, beside three of Apache's on the same machine. */
import type { Floor } from './floors.js';

const promised: readonly Floor[] = [
  { workload: 'leader dies', figure: 'longest gap of writes', of: 'ratio', atMost: 0.35 },
  { workload: 'follower dies', figure: 'longest gap of writes', of: 'worst', atMost: 100 },
  { workload: 'leader paused', figure: 'knows, after it goes on', of: 'ratio', atMost: 1 },
  { workload: 'leader cut off', figure: 'knows, after the cut', of: 'ratio', atMost: 1 },
  { workload: 'reads', figure: 'throughput', of: 'ratio', atLeast: 5 },
  { workload: 'writes', figure: 'throughput', of: 'ratio', atLeast: 3 },
  { workload: 'mixed', figure: 'throughput', of: 'ratio', atLeast: 4 },
  { workload: 'one-writes, follower', figure: 'latency p50', of: 'ratio', atMost: 0.6 },
  { workload: 'one-writes, leader', figure: 'latency p50', of: 'ratio', atMost: 0.6 },
  { workload: 'observer', figure: 'writes, with / without', of: 'median', atLeast: 0.9 },
  { workload: 'observer', figure: 'reads, observer alone / follower alone', of: 'median', atLeast: 0.9 },
  { workload: 'lost disk', figure: 'read max at the leader', of: 'worst', atMost: 50 },
];

/** Four servers and the load generator need a core each before one server more can mean more reads. */
const CORES_FOR_AN_OBSERVER = 5;
const withCores: readonly Floor[] = [
  { workload: 'observer', figure: 'reads, with / without', of: 'median', atLeast: 1.1 },
];

export function floorsFor(cores: number, isSmoke: boolean): readonly Floor[] {
  if (isSmoke) return [];
  return cores >= CORES_FOR_AN_OBSERVER ? [...promised, ...withCores] : promised;
}
