import type { Connection, ConnectionHandler, Scheduler, Transport } from '@zk/contracts';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Connects to whichever of the addresses answers first; the others are given up.
 * @throws Error when none does in time
 */
export async function dialAny(
  transport: Transport,
  scheduler: Scheduler,
  addresses: readonly HostAndPort[],
  timeoutMs: number,
  open: (connection: Connection) => ConnectionHandler,
): Promise<Connection> {
  if (addresses.length === 0) throw new Error('no address is known');
  const abort = new AbortController();
  const timer = scheduler.after(timeoutMs, () => abort.abort(new Error(`no connection within ${timeoutMs} ms`)));
  let isDecided = false;
  const openFirst = (connection: Connection): ConnectionHandler => {
    if (isDecided || abort.signal.aborted) {
      connection.destroy();
      return ignored;
    }
    isDecided = true;
    return open(connection);
  };
  const attempts = addresses.map(({ host, port }) => transport.dial({ host, port, signal: abort.signal }, openFirst));
  try {
    return await (attempts.length === 1 ? attempts[0]! : Promise.any(attempts));
  } finally {
    timer.cancel();
    if (attempts.length > 1) abort.abort(new Error('another address answered'));
  }
}

const ignored: ConnectionHandler = { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined };

/** `host:port`, with the host in brackets when it contains colons. Undefined for anything else. */
export function parseHostAndPort(text: string): HostAndPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  return { host: match[1] ?? match[2]!, port: Number(match[3]) };
}
