import type { ConnectionState } from '@zk/client-api';
import type { Clock, RandomSource, SaslExchange } from '@zk/contracts';
import type { RecordReader } from '@zk/jute';
import type { Zxid } from '@zk/model';
import type { ServerAddress } from '../connection-string.js';
import type { MetricsRecorder } from '../metrics.js';
import type { CompleteOptions } from '../complete-options.js';
import type { ClientLogger } from '../options.js';
import type { LiveSession } from './session.js';

/** What the machine wants done. An attempt is one try at one address; its number tells late answers from timely ones. */
export interface MachineOutputs {
  resolve(attempt: number, host: string): void;
  dial(attempt: number, address: string, server: ServerAddress): void;
  /** Gives up the attempt, or the connection it led to. In order: what was written still leaves. */
  hangUp(attempt: number, isInOrder: boolean): void;
  /** As Connection.write: false means that the bytes are in use until `drained`. */
  write(bytes: Uint8Array, end: number): boolean;
  /** `tick` at this moment and at no other; Infinity: not at all. */
  wakeAt(monotonicMs: number): void;
  /** `turnEnded` at the end of this turn. */
  callAtTurnEnd(): void;
  /** Ask a server, on a connection of its own, whether it takes writes. */
  probe(server: ServerAddress): void;
}

/** Who wants to know what happened. */
export interface MachineListener {
  stateChanged(state: ConnectionState): void;
  sessionChanged(session: LiveSession | undefined): void;
  /** Connected; what is added to the front of the queue now leaves before anything else. */
  established(isSameSession: boolean, lastZxid: Zxid): void;
  /** The same, after the change of state has been told. */
  announced(isSameSession: boolean): void;
  connectionLost(): void;
  sessionLost(): void;
  /** A watched event. The bytes of the reader are valid during the call only. */
  notified(reader: RecordReader, zxid: Zxid): void;
  /** Nothing will happen any more. */
  ended(error: Error): void;
}

export interface MachineParts {
  readonly options: CompleteOptions;
  readonly servers: readonly ServerAddress[];
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: ClientLogger;
  readonly metrics: MetricsRecorder;
  readonly createSaslExchange: (() => SaslExchange) | undefined;
}

export interface FailedAttempt {
  readonly server: ServerAddress;
  readonly error: Error;
}
