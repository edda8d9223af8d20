/** An item cannot be decoded. It stays where it is, and this object does not offer it again. */
export class UnreadableItemError extends Error {
  override readonly name = 'UnreadableItemError';

  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * An item is gone from the queue, or may be, and there is no way left to find out whether it was this call that removed it or
 * another consumer: the reply was lost, and the session or the time of the call with it. Here it is, so that it is not
 * lost silently.
 */
export class TakeUnknownError extends Error {
  override readonly name = 'TakeUnknownError';
  readonly maybeApplied = true;

  constructor(
    readonly path: string,
    readonly value: unknown,
    cause: unknown,
  ) {
    super(`${path} was removed, perhaps by this consumer and perhaps by another`, { cause });
  }
}
