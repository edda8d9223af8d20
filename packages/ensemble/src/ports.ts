import type { Clock, Logger, RandomSource, Scheduler, Storage } from '@zk/contracts';
import type { ReplicatedState } from './replicated-state.js';
import type { QuorumTransport } from './security/quorum-transport.js';

/** What a server of an ensemble works on. */
export interface EnsemblePorts {
  /** For elections, and for what leaders and learners say to each other. */
  readonly transport: QuorumTransport;
  readonly storage: Storage;
  readonly state: ReplicatedState;
  /** Waited for before snapshots or the log are replaced: nobody else may be writing a snapshot. */
  readonly quiesce?: () => Promise<void>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: RandomSource;
  readonly logger: Logger;
}
