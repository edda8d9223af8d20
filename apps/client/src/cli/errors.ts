import { ErrorCode } from '@zk/model';
import { CommandError, ExitCode, UnknownCommandError, UsageError } from './exit-codes.js';

/** An error as the shell reports it. */
export interface Explanation {
  /** Stable: the name of a reply code (`NONODE`), or of a class. */
  readonly name: string;
  readonly message: string;
  readonly exitCode: number;
  readonly path: string | undefined;
  /** Whether it is not known if the server did what it was asked for. */
  readonly maybeApplied: boolean;
}

/** zkCli's own sentences; everything else is `KeeperErrorCode = … for …`. */
const SENTENCES: Readonly<Record<number, (path: string) => string>> = {
  [ErrorCode.NONODE]: (path) => `Node does not exist: ${path}`,
  [ErrorCode.NODEEXISTS]: (path) => `Node already exists: ${path}`,
  [ErrorCode.NOTEMPTY]: (path) => `Node not empty: ${path}`,
  [ErrorCode.NOCHILDRENFOREPHEMERALS]: (path) => `Ephemerals cannot have children: ${path}`,
  [ErrorCode.NOTREADONLY]: (path) => `Not a read-only call: ${path}`,
  [ErrorCode.INVALIDACL]: (path) => `Acl is not valid : ${path}`,
  [ErrorCode.NOAUTH]: (path) => `Insufficient permission : ${path}`,
  [ErrorCode.BADARGUMENTS]: (path) => `Arguments are not valid : ${path}`,
  [ErrorCode.BADVERSION]: (path) => `version No is not valid : ${path}`,
  [ErrorCode.QUOTAEXCEEDED]: (path) => `Quota has exceeded : ${path}`,
  [ErrorCode.RECONFIGINPROGRESS]: () =>
    'Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)',
  [ErrorCode.NEWCONFIGNOQUORUM]: () =>
    'No quorum of new config is connected and up-to-date with the leader of last committed config - ' +
    'try invoking reconfiguration after new servers are connected and synced',
};

/** The texts behind `KeeperErrorCode = `. */
const TEXTS: Readonly<Record<number, string>> = {
  [ErrorCode.SYSTEMERROR]: 'SystemError',
  [ErrorCode.RUNTIMEINCONSISTENCY]: 'RuntimeInconsistency',
  [ErrorCode.DATAINCONSISTENCY]: 'DataInconsistency',
  [ErrorCode.CONNECTIONLOSS]: 'ConnectionLoss',
  [ErrorCode.MARSHALLINGERROR]: 'MarshallingError',
  [ErrorCode.UNIMPLEMENTED]: 'Unimplemented',
  [ErrorCode.OPERATIONTIMEOUT]: 'OperationTimeout',
  [ErrorCode.APIERROR]: 'APIError',
  [ErrorCode.AUTHFAILED]: 'AuthFailed',
  [ErrorCode.SESSIONEXPIRED]: 'Session expired',
  [ErrorCode.INVALIDCALLBACK]: 'Invalid callback',
  [ErrorCode.SESSIONMOVED]: 'Session moved',
  [ErrorCode.EPHEMERALONLOCALSESSION]: 'Ephemeral node on local session',
  [ErrorCode.NOWATCHER]: 'No such watcher',
  [ErrorCode.RECONFIGDISABLED]: 'Reconfig is disabled',
  [ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH]: 'Session closed because client failed to authenticate',
  [ErrorCode.THROTTLEDOP]: 'Op throttled due to high load',
};

const EXIT_CODES: Readonly<Record<number, number>> = {
  [ErrorCode.NONODE]: ExitCode.noNode,
  [ErrorCode.NODEEXISTS]: ExitCode.nodeExists,
  [ErrorCode.BADVERSION]: ExitCode.badVersion,
  [ErrorCode.NOAUTH]: ExitCode.noAuth,
  [ErrorCode.AUTHFAILED]: ExitCode.noAuth,
  [ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH]: ExitCode.noAuth,
  [ErrorCode.NOTEMPTY]: ExitCode.notEmpty,
  [ErrorCode.QUOTAEXCEEDED]: ExitCode.quotaExceeded,
  [ErrorCode.CONNECTIONLOSS]: ExitCode.connection,
  [ErrorCode.OPERATIONTIMEOUT]: ExitCode.connection,
  [ErrorCode.SESSIONEXPIRED]: ExitCode.connection,
  [ErrorCode.SESSIONMOVED]: ExitCode.connection,
};

/**
 * What a thrown value means to a user. `fallbackPath` is what the command worked on, for a refusal that names no path.
 */
export function explain(thrown: unknown, fallbackPath?: string): Explanation {
  if (thrown instanceof CommandError) return ownError(thrown);
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const fields = error as { readonly code?: unknown; readonly path?: unknown; readonly maybeApplied?: unknown };
  const path = typeof fields.path === 'string' ? fields.path : fallbackPath;
  const common = { name: error.name, path, maybeApplied: fields.maybeApplied === true };
  if (typeof fields.code === 'number' && fields.code < 0) {
    return { ...common, message: keeperMessage(fields.code, error, path), exitCode: exitCodeOf(fields.code) };
  }
  if (error.name === 'AbortError') {
    const doubt = common.maybeApplied ? '; what was on its way may have been applied' : '';
    return { ...common, message: `interrupted${doubt}`, exitCode: ExitCode.interrupted };
  }
  if (error.name === 'ClientClosedError' || error.name === 'QueueFullError') {
    return { ...common, message: error.message, exitCode: ExitCode.connection };
  }
  return { ...common, message: error.message, exitCode: ExitCode.failed };
}

function ownError(error: CommandError): Explanation {
  const name =
    error instanceof UsageError ? 'USAGE' : error instanceof UnknownCommandError ? 'UNKNOWNCOMMAND' : 'FAILED';
  return { name, message: error.message, exitCode: error.exitCode, path: undefined, maybeApplied: false };
}

function exitCodeOf(code: number): number {
  return EXIT_CODES[code] ?? ExitCode.failed;
}

function keeperMessage(code: number, error: Error, path: string | undefined): string {
  const sentence = SENTENCES[code]?.(path ?? 'null');
  if (sentence !== undefined) return sentence;
  const text = TEXTS[code] ?? error.name;
  const line = `KeeperErrorCode = ${text}${path === undefined ? '' : ` for ${path}`}`;
  const { maybeApplied } = error as { readonly maybeApplied?: boolean };
  return maybeApplied === true ? `${line}\nNo reply came: it may have been applied.` : line;
}
