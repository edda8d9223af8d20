import { AuthFailedError, ClientClosedError, SessionExpiredError } from '@zk/client-api';
import { ErrorCode } from '@zk/model';

/** How a client ends, and how it is on its way there. */
export class Ending {
  /** Of the request that ends the session; undefined while it has not been sent. */
  xid: number | undefined;

  constructor(
    readonly keepsSession: boolean,
    readonly deadlineMs: number,
  ) {}
}

/** Makes the error of what is asked for too late. */
export type EndError = (path?: string, maybeApplied?: boolean) => Error;

export const closedError: EndError = (path, maybeApplied) => new ClientClosedError(path, maybeApplied);

/** Of a client that was told to begin no session after the one that is lost. */
export const expiredError: EndError = (path, maybeApplied) => new SessionExpiredError(path, maybeApplied, true);

export function refusedError(reason: string): EndError {
  return (path) => {
    const error = new AuthFailedError(ErrorCode.AUTHFAILED, path);
    error.message += `: ${reason}`;
    return error;
  };
}
