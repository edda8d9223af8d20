import type { OperationName, OperationTypes, ReplyHeader, WatcherEvent } from '@zk/jute';
import type { SessionClient } from './session-client.js';

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

/** What a client does and sees, in its order. */
export interface SessionObserver {
  connecting(client: SessionClient): void;
  connected(client: SessionClient): void;
  /** The server says that the session is over. */
  refused(client: SessionClient): void;
  /** What becomes of these requests nobody says. */
  disconnected(client: SessionClient, unanswered: readonly PendingCall[]): void;
  sent(client: SessionClient, call: PendingCall): void;
  /** @param call the oldest request without a reply, which the reply should belong to */
  replied(client: SessionClient, call: PendingCall | undefined, header: ReplyHeader, body: Uint8Array): void;
  /** @param zxid of the change; -1 when it is told for setWatches */
  notified(client: SessionClient, event: WatcherEvent, zxid: bigint): void;
}
