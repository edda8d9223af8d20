/** Exit codes as Apache ZooKeeper's (spec: operations, section 6). */
export const ExitCode = {
  ok: 0,
  unexpectedError: 1,
  invalidInvocation: 2,
  dataDirectory: 3,
} as const;

/** The command line makes no sense; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A data directory cannot be used; the message says which one, why, and what to do. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}
