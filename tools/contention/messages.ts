/** What the processes of the contention test tell each other. */

export interface WorkerConfig {
  readonly servers: string;
  readonly resourcePort: number;
  readonly path: string;
  readonly lock: LockKind;
  readonly first: number;
  readonly contenders: number;
  readonly sessionTimeoutMs: number;
  readonly faultsPerSecond: number;
  readonly seed: number;
}

export type LockKind = 'mutex' | 'write' | 'semaphore';

/** From the parent. */
export type Order = { readonly kind: 'start'; readonly config: WorkerConfig } | { readonly kind: 'stop' };

/** From a worker. Times are milliseconds of the monotonic clock that all processes of one machine share. */
export type Report =
  | {
      readonly kind: 'hold';
      readonly contender: number;
      readonly token: bigint;
      readonly waitedMs: number;
      /** As long as the holder believed to hold. */
      readonly fromMs: number;
      readonly toMs: number;
      /** Somebody killed the session: nobody can know of that before being told. */
      readonly wasKilled: boolean;
      readonly wasLost: boolean;
    }
  /** A write that the server of the lock accepted on the condition that the lock was held. */
  | { readonly kind: 'guarded'; readonly token: bigint; readonly zxid: bigint }
  | { readonly kind: 'count'; readonly what: string }
  | { readonly kind: 'done' };

/** Of the machine, not of the process. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
