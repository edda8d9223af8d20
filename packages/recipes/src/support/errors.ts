import { ClientClosedError, type ZkClient } from '@zk/client-api';

/** Why a hold ended. */
export type LossReason =
  /** Its owner gave it back. */
  | 'released'
  /** The session is over, or may be: its deadline has passed. */
  | 'sessionLost'
  /** The connection was lost, and the loss policy does not wait for the session. */
  | 'connectionLost'
  /** Somebody deleted the node. */
  | 'nodeDeleted'
  /** The client was closed. */
  | 'clientClosed';

const TEXTS: Readonly<Record<LossReason, string>> = {
  released: 'it was released',
  sessionLost: 'the session is over',
  connectionLost: 'the connection was lost',
  nodeDeleted: 'its node was deleted',
  clientClosed: 'the client was closed',
};

/** Not held any more. The reason of a hold's `signal`, and what `assertHeld` and `guardedMulti` throw. */
export class LockLostError extends Error {
  override readonly name = 'LockLostError';

  constructor(
    /** Of the node that was the hold. */
    readonly path: string,
    readonly reason: LossReason,
  ) {
    super(`${path} is not held any more: ${TEXTS[reason]}`);
  }
}

/** A recipe was closed by its owner, while its client goes on. Names what was closed. */
export class RecipeClosedError extends Error {
  override readonly name = 'RecipeClosedError';

  constructor(
    /** What it is: `NodeCache`. */
    readonly recipe: string,
    readonly path: string,
  ) {
    super(`the ${recipe} at ${path} is closed`);
  }
}

/** Why a recipe does nothing any more: it was closed, or its client was. */
export function closedErrorOf(client: ZkClient, recipe: string, path: string): Error {
  const isClientOver = client.state === 'closed' || client.state === 'authFailed';
  return isClientOver ? new ClientClosedError(path) : new RecipeClosedError(recipe, path);
}

/** The time given for an acquire ran out. Nothing of it is left behind: its node is removed in the background. */
export class AcquireTimeoutError extends Error {
  override readonly name = 'AcquireTimeoutError';

  constructor(
    readonly path: string,
    readonly timeoutMs: number,
  ) {
    super(`${path} could not be acquired within ${timeoutMs} ms`);
  }
}

/** An acquire was cancelled by its signal, whose reason is the `cause`. Its node is removed in the background. */
export class AcquireCancelledError extends Error {
  override readonly name = 'AbortError';

  constructor(
    readonly path: string,
    reason: unknown,
  ) {
    super(`the acquire of ${path} was cancelled`, { cause: reason });
  }
}
