import type { SessionId } from '@zk/model';

/**
 * What a client knows about its connection. A client starts `connecting`; then
 *
 * - `connected`: the first connection, or the first of a new session after `lost`;
 * - `suspended`: no connection, the session may live; the client is looking for a server;
 * - `reconnected`: connected again with the same session, watches are set again;
 * - `readOnly`: connected to a server that has no quorum; reads work;
 * - `lost`: the session is over: a server said so, or so much time has passed without contact that it may be. The client
 *   asks for a new session by itself (unless told not to) and then is `connected` again;
 * - `authFailed`: a server refused the credentials; final;
 * - `closed`: final.
 */
export type ConnectionState =
  'connecting' | 'connected' | 'suspended' | 'reconnected' | 'readOnly' | 'lost' | 'authFailed' | 'closed';

/** Whether requests can reach a server that takes writes. */
export function isConnected(state: ConnectionState): boolean {
  return state === 'connected' || state === 'reconnected';
}

/** One session, from the moment a server granted it. */
export interface ClientSession {
  readonly id: SessionId;
  /** With the id, enough to attach to the session from another process. */
  readonly password: Uint8Array;
  /** As negotiated. */
  readonly timeoutMs: number;
  /**
   * Monotonic ms (of `client.runtime.clock`) until which the session certainly lives: the moment when the last request
   * that was answered had been sent, plus the timeout. It moves forward with every reply, and never back.
   */
  readonly deadlineMs: number;
  /**
   * Aborts when the session is over, at {@link deadlineMs} at the latest if no contact moves that, with an error whose
   * `name` is `SESSIONEXPIRED` or `ClientClosedError`. A timer fires late in a busy process: before something that must
   * not happen twice, look at {@link isAlive}.
   */
  readonly signal: AbortSignal;
  /** Whether it is certain, on the monotonic clock and now, that no server has expired the session. */
  isAlive(): boolean;
}
