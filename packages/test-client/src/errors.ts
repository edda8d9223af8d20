/** The connection ended before what was asked for came. Whether a request was executed is unknown. */
export class ConnectionClosedError extends Error {
  override readonly name = 'ConnectionClosedError';

  constructor(what: string, cause?: Error) {
    super(cause ? `${what}: ${cause.message}` : what, { cause });
  }
}
