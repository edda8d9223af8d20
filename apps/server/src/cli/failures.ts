import { DataDirectoryError, ExitCode } from './exit-codes.js';
import type { ServerConfig } from '../config/server-config.js';

/** What a start that failed means for the user, and the exit code for it. */
export interface Failure {
  readonly message: string;
  readonly exitCode: number;
  /** Whether a stack trace would help: not for what the message explains. */
  readonly isExplained: boolean;
}

const DISK_CODES: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'ENOENT',
  'ENOTDIR',
  'EIO',
]);

export function explainFailure(
  error: unknown,
  config: Pick<ServerConfig, 'clientPort' | 'clientPortAddress' | 'dataDir'>,
): Failure {
  const { code, syscall, name, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  const where = `${config.clientPortAddress ?? 'any address'}, port ${config.clientPort}`;
  const explained = (text: string, exitCode: number): Failure => ({ message: text, exitCode, isExplained: true });
  if (error instanceof DataDirectoryError) return explained(error.message, ExitCode.dataDirectory);
  if (code === 'EADDRINUSE') {
    return explained(
      `${where} is taken by another program; stop it, or choose another clientPort`,
      ExitCode.unexpectedError,
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return explained(
      `clientPortAddress ${config.clientPortAddress ?? ''} is no address of this machine (${code})`,
      ExitCode.unexpectedError,
    );
  }
  if (code === 'EACCES' && (syscall === 'listen' || syscall === 'bind')) {
    return explained(`${where} may not be used by this user; ports below 1024 need rights`, ExitCode.unexpectedError);
  }
  if (code !== undefined && DISK_CODES.has(code)) {
    return explained(`the data directory cannot be used: ${message ?? code}`, ExitCode.dataDirectory);
  }
  if (name === 'CorruptionError') {
    return explained(`the data is damaged: ${message ?? ''}`, ExitCode.unexpectedError);
  }
  return { message: message ?? String(error), exitCode: ExitCode.unexpectedError, isExplained: false };
}
