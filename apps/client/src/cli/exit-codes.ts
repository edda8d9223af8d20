/**
 * What an exit code of zk-cli says. `zkCli.sh` knows 0, 1 and 127 only; with `--zkcli` so does this program.
 */
export const ExitCode = {
  ok: 0,
  /** The server refused, or something else went wrong. Of `diff`: the trees differ. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** No connection, or it was lost, or time ran out, or the session is over. Whether a write was applied is unknown. */
  connection: 3,
  noNode: 4,
  nodeExists: 5,
  badVersion: 6,
  /** Not allowed: missing permission, or wrong credentials. */
  noAuth: 7,
  notEmpty: 8,
  quotaExceeded: 9,
  /** `lock`, `elect`: not obtained in the time given (EX_TEMPFAIL). */
  notAcquired: 75,
  /** `lock`, `elect`: lost while the command ran. */
  lost: 76,
  cannotExecute: 126,
  commandNotFound: 127,
  interrupted: 130,
} as const;

/** One line per code, for `--help` and the documentation. */
export const EXIT_CODE_TEXTS: readonly (readonly [code: number, meaning: string])[] = [
  [ExitCode.ok, 'done'],
  [ExitCode.failed, 'the server refused, or something else went wrong; diff: the trees differ'],
  [ExitCode.usage, 'the command line makes no sense'],
  [ExitCode.connection, 'no connection, or it was lost, or time ran out, or the session is over'],
  [ExitCode.noNode, 'the znode does not exist'],
  [ExitCode.nodeExists, 'the znode exists already'],
  [ExitCode.badVersion, 'the znode has another version'],
  [ExitCode.noAuth, 'not allowed'],
  [ExitCode.notEmpty, 'the znode has children'],
  [ExitCode.quotaExceeded, 'a quota is exceeded'],
  [ExitCode.notAcquired, 'lock, elect: not obtained in the time given'],
  [ExitCode.lost, 'lock, elect: lost while the command ran'],
  [ExitCode.cannotExecute, 'lock, elect: the command cannot be executed'],
  [ExitCode.commandNotFound, 'no such command'],
  [ExitCode.interrupted, 'interrupted (128 and the number of the signal)'],
];

/** A command failed in a way of its own; the message is all there is to say. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: number = ExitCode.failed,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The command line makes no sense; the message says why, in zkCli's words where it has some. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(message, ExitCode.usage);
  }
}

/** No such command. */
export class UnknownCommandError extends CommandError {
  override readonly name = 'UnknownCommandError';

  constructor(
    readonly word: string,
    readonly suggestion: string | undefined,
  ) {
    super(`Command not found: ${word}`, ExitCode.commandNotFound);
  }
}
