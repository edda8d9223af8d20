/** An error as the platform's sockets report it, so that callers need one way to tell what happened. */
export interface SocketError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly address?: string;
  readonly port?: number;
}

export function socketError(code: string, syscall: string, address?: string, port?: number): SocketError {
  const where = address === undefined ? '' : ` ${address}:${String(port)}`;
  return Object.assign(new Error(`${syscall} ${code}${where}`), { code, syscall, address, port });
}
