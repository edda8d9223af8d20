import type { EnsembleHalted } from '@zk/server';
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

type ListenSettings = Pick<
  ServerConfig,
  'clientPort' | 'clientPortAddress' | 'secureClientPort' | 'secureClientPortAddress' | 'webSocket'
>;

/** The listener of a port, by the key that sets it; clientPort where nobody knows. */
function listenerOf(
  { clientPort, clientPortAddress, secureClientPort, secureClientPortAddress, webSocket }: ListenSettings,
  port: number | undefined,
): { readonly key: string; readonly port: number | false; readonly address: string | undefined } {
  const client = { key: 'clientPort', port: clientPort, address: clientPortAddress };
  const others = [
    ...(secureClientPort === undefined
      ? []
      : [{ key: 'secureClientPort', port: secureClientPort, address: secureClientPortAddress }]),
    ...(webSocket === undefined ? [] : [{ key: 'webSocketPort', port: webSocket.port, address: webSocket.address }]),
  ];
  if (port === undefined && clientPort === false) return others[0] ?? client;
  return port === undefined || port === clientPort ? client : (others.find((other) => other.port === port) ?? client);
}

export function explainFailure(error: unknown, config: ListenSettings & Pick<ServerConfig, 'dataDir'>): Failure {
  const { code, syscall, name, message, port } = (error ?? {}) as Partial<NodeJS.ErrnoException & { port: number }>;
  const listener = listenerOf(config, port);
  const where = `${listener.address ?? 'any address'}, port ${listener.port}`;
  const explained = (text: string, exitCode: number): Failure => ({ message: text, exitCode, isExplained: true });
  if (error instanceof DataDirectoryError) return explained(error.message, ExitCode.dataDirectory);
  if (code === 'EADDRINUSE') {
    return explained(
      `${where} is taken by another program; stop it, or choose another ${listener.key}`,
      ExitCode.unexpectedError,
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return explained(
      `${listener.key}Address ${listener.address ?? ''} is no address of this machine (${code})`,
      ExitCode.unexpectedError,
    );
  }
  if (code === 'EACCES' && (syscall === 'listen' || syscall === 'bind')) {
    return explained(`${where} may not be used by this user; ports below 1024 need rights`, ExitCode.unexpectedError);
  }
  if (name === 'TlsError') return explained(`TLS cannot be served: ${message ?? ''}`, ExitCode.invalidInvocation);
  if (code !== undefined && DISK_CODES.has(code)) {
    return explained(`the data directory cannot be used: ${message ?? code}`, ExitCode.dataDirectory);
  }
  if (name === 'CorruptionError') {
    return explained(`the data is damaged: ${message ?? ''}`, ExitCode.unexpectedError);
  }
  return { message: message ?? String(error), exitCode: ExitCode.unexpectedError, isExplained: false };
}

/** What the process ends with when a server that ran cannot go on. */
export function exitCodeOf(error: Error): number {
  return error.name === 'EnsembleHalted' ? (error as EnsembleHalted).exitCode : ExitCode.unexpectedError;
}
