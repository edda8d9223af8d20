import { ErrorCode, type ErrorName, KeeperError } from '@zk/model';

/**
 * What went wrong, and whether the request may have been applied nevertheless: that is what decides if it may be sent
 * again. Across packages compare `name` or `code`, not classes.
 */
export interface RequestFailure extends Error {
  /** True when the request was sent and no reply came: it may have taken effect, now or later. */
  readonly maybeApplied: boolean;
  readonly path: string | undefined;
}

/** The server refused a request. It was not applied. `name` is the stable name of `code`, e.g. `NONODE`. */
export class RefusedError extends KeeperError implements RequestFailure {
  readonly maybeApplied: boolean = false;
}

export class NoNodeError extends RefusedError {}
export class NodeExistsError extends RefusedError {}
export class BadVersionError extends RefusedError {}
export class NotEmptyError extends RefusedError {}
export class NoAuthError extends RefusedError {}
export class NoChildrenForEphemeralsError extends RefusedError {}
export class InvalidAclError extends RefusedError {}
export class BadArgumentsError extends RefusedError {}
export class AuthFailedError extends RefusedError {}
/** The server is read-only at the moment. */
export class NotReadOnlyError extends RefusedError {}
/** There is no such watch on the server. */
export class NoWatcherError extends RefusedError {}
export class QuotaExceededError extends RefusedError {}
export class ThrottledError extends RefusedError {}
export class UnimplementedError extends RefusedError {}
export class ReconfigDisabledError extends RefusedError {}

/** The session is over: its ephemerals go, its watches are gone. A request that was on its way may have been applied. */
export class SessionExpiredError extends KeeperError implements RequestFailure {
  constructor(
    path?: string,
    readonly maybeApplied = false,
    /** Whether the client begins no other session (`renewSession: false`): every later call fails like this one. */
    readonly isFinal = false,
  ) {
    super(ErrorCode.SESSIONEXPIRED, path);
    if (isFinal) this.message += ': the client begins no other session (renewSession: false)';
  }
}

/** The connection broke. `maybeApplied` is false for a request that had not been sent. */
export class ConnectionLossError extends KeeperError implements RequestFailure {
  constructor(
    path?: string,
    readonly maybeApplied = false,
    options?: { readonly cause?: unknown },
  ) {
    super(ErrorCode.CONNECTIONLOSS, path);
    if (options?.cause !== undefined) this.cause = options.cause;
    this.message += maybeApplied ? ': no reply came, so it may have been applied' : ': it was not sent';
  }
}

/** The time given for one call ran out. */
export class OperationTimeoutError extends KeeperError implements RequestFailure {
  constructor(
    path: string | undefined,
    readonly timeoutMs: number,
    readonly maybeApplied: boolean,
  ) {
    super(ErrorCode.OPERATIONTIMEOUT, path);
    this.message += ` after ${timeoutMs} ms${maybeApplied ? ': it may have been applied' : ': it was not applied'}`;
  }
}

/** The call was cancelled by its `signal`, whose reason is the `cause`. */
export class CancelledError extends Error implements RequestFailure {
  override readonly name = 'AbortError';

  constructor(
    readonly path: string | undefined,
    reason: unknown,
    readonly maybeApplied: boolean,
  ) {
    super(`cancelled${maybeApplied ? ' after it was sent: it may have been applied' : ' before it was sent'}`, {
      cause: reason,
    });
  }
}

/** The client was closed, by its owner. One that its lost session has closed says {@link SessionExpiredError}. */
export class ClientClosedError extends Error implements RequestFailure {
  override readonly name = 'ClientClosedError';

  constructor(
    readonly path: string | undefined = undefined,
    readonly maybeApplied = false,
  ) {
    super('the client is closed');
  }
}

/** More requests wait than the client was told to keep. */
export class QueueFullError extends Error implements RequestFailure {
  override readonly name = 'QueueFullError';
  readonly maybeApplied = false;

  constructor(
    readonly path: string | undefined,
    what: string,
  ) {
    super(`too much is waiting: ${what}`);
  }
}

/** A multi was refused as a whole. `results` has the error of each operation: the one that failed, and bystanders. */
export class MultiError extends RefusedError {
  constructor(
    code: number,
    readonly failedIndex: number,
    path: string | undefined,
    /** One per operation, of the class of its code: undefined for those before the failed one, which were rolled back. */
    readonly errors: readonly ((KeeperError & RequestFailure) | undefined)[],
  ) {
    super(code, path);
    this.message += ` in operation ${failedIndex} of a multi: nothing was applied`;
  }
}

type RefusedClass = new (code: number, path?: string) => RefusedError;

const classes: Partial<Record<ErrorName, RefusedClass>> = {
  NONODE: NoNodeError,
  NODEEXISTS: NodeExistsError,
  BADVERSION: BadVersionError,
  NOTEMPTY: NotEmptyError,
  NOAUTH: NoAuthError,
  NOCHILDRENFOREPHEMERALS: NoChildrenForEphemeralsError,
  INVALIDACL: InvalidAclError,
  BADARGUMENTS: BadArgumentsError,
  AUTHFAILED: AuthFailedError,
  NOTREADONLY: NotReadOnlyError,
  NOWATCHER: NoWatcherError,
  QUOTAEXCEEDED: QuotaExceededError,
  THROTTLEDOP: ThrottledError,
  UNIMPLEMENTED: UnimplementedError,
  RECONFIGDISABLED: ReconfigDisabledError,
};

const classOfCode = new Map<number, RefusedClass>(
  Object.entries(classes).map(([name, type]) => [ErrorCode[name as ErrorName], type]),
);

/** The error of a reply code. */
export function errorOfCode(code: number, path?: string): KeeperError & RequestFailure {
  if (code === ErrorCode.SESSIONEXPIRED) return new SessionExpiredError(path);
  if (code === ErrorCode.CONNECTIONLOSS) return new ConnectionLossError(path, true);
  const type = classOfCode.get(code) ?? RefusedError;
  return new type(code, path);
}
