import type { ZkServer } from '@zk/server';
import type { Violation } from './checks/violation.js';
import type { MembershipChange } from './operator.js';

export interface ServerSimulationOptions {
  readonly seed: number;
  /** At the beginning. Absent: 3, or 5 in a fifth of the runs; 1 now and then where the membership changes. */
  readonly servers?: number;
  /** Default 4. */
  readonly clients?: number;
  /** Simulated time before everything is healed; default 8 s. */
  readonly durationMs?: number;
  /** Moments at which the membership is changed; by default the seed decides, 0 leaves the members as they are. */
  readonly reconfigurations?: number;
  /** Changes of the membership, made one after the other, instead of those that chance picks. */
  readonly changes?: readonly MembershipChange[];
  /** Moments at which something goes wrong; default 5. */
  readonly faults?: number;
  /** Names of {@link FAULTS}; default all. */
  readonly faultKinds?: readonly string[];
  /** Alters each server before it starts: plants a bug. */
  readonly alter?: (server: ZkServer) => void;
  /** Hears what happens, line by line. */
  readonly trace?: (line: string) => void;
}

export interface ServerSimulationResult {
  readonly seed: number;
  readonly servers: number;
  readonly violation: Violation | undefined;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly committed: number;
  /** Writes that clients had acknowledged. */
  readonly acknowledged: number;
  /** Replies to everything else. */
  readonly answered: number;
  /** Watched events. */
  readonly events: number;
  /** What happened how often. */
  readonly counts: ReadonlyMap<string, number>;
}
