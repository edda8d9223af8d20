import type { OperationName, OperationTypes } from '@zk/jute';

/** A request, by the name of its operation. */
export type Call = {
  [N in OperationName]: { readonly name: N; readonly request: OperationTypes[N]['request'] };
}[OperationName];

/** A request that was sent and has no reply yet. */
export type PendingCall = Call & {
  readonly xid: number;
  readonly sessionId: bigint;
  /** On the client's clock. */
  readonly sentMs: number;
};
