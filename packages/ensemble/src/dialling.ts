import type { Connection, ConnectionHandler, Scheduler, Transport } from '@zk/contracts';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export interface Diallers {
  readonly transport: Transport;
  readonly scheduler: Scheduler;
}

export interface DiallingOptions {
  /** How long connections may take to come about: all of them together, or each where one follows the other. */
  readonly timeoutMs: number;
  /** Let the platform probe the connection while it is idle; default false. */
  readonly keepAlive?: boolean;
  /** One address after the other, each when the one before it has failed; default: all at once. */
  readonly isInTurn?: boolean;
}

type Open = (connection: Connection) => ConnectionHandler;

/**
 * Connects to a server with several addresses: to whichever answers first, while the others are given up; or to the first,
 * in their order, that answers at all.
 * @throws Error when none does in time
 */
export async function dialAny(
  diallers: Diallers,
  addresses: readonly HostAndPort[],
  options: DiallingOptions,
  open: Open,
): Promise<Connection> {
  if (addresses.length === 0) throw new Error('no address is known');
  if (options.isInTurn !== true) return dialAtOnce(diallers, addresses, options, open);
  const errors: unknown[] = [];
  for (const address of addresses) {
    try {
      return await dialAtOnce(diallers, [address], options, open);
    } catch (error) {
      errors.push(error);
    }
  }
  throw new AggregateError(errors, 'no address answers');
}

async function dialAtOnce(
  { transport, scheduler }: Diallers,
  addresses: readonly HostAndPort[],
  { timeoutMs, keepAlive = false }: DiallingOptions,
  open: Open,
): Promise<Connection> {
  const abort = new AbortController();
  const timer = scheduler.after(timeoutMs, () => abort.abort(new Error(`no connection within ${timeoutMs} ms`)));
  let isDecided = false;
  const openFirst = (connection: Connection): ConnectionHandler => {
    if (isDecided || abort.signal.aborted) {
      connection.destroy();
      return deaf;
    }
    isDecided = true;
    return open(connection);
  };
  const attempts = addresses.map(({ host, port }) =>
    transport.dial({ host, port, keepAlive, signal: abort.signal }, openFirst),
  );
  try {
    return await (attempts.length === 1 ? attempts[0]! : Promise.any(attempts));
  } finally {
    timer.cancel();
    if (attempts.length > 1) abort.abort(new Error('another address answered'));
  }
}

/** Whether somebody takes connections there. It is hung up without a word. */
export async function isReachable(diallers: Diallers, address: HostAndPort, timeoutMs: number): Promise<boolean> {
  let isAnswered = false;
  const hangUp = (connection: Connection): ConnectionHandler => {
    isAnswered = true;
    connection.destroy();
    return deaf;
  };
  // Where an exchange belongs to dialling (SASL), hanging up in its middle makes it fail, and says enough all the same.
  await dialAtOnce(diallers, [address], { timeoutMs }, hangUp).catch(() => undefined);
  return isAnswered;
}

/** Of a connection that nobody wants. */
export const deaf: ConnectionHandler = { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined };

/** `host:port`, with the host in brackets when it contains colons. Undefined for anything else. */
export function parseHostAndPort(text: string): HostAndPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  return { host: match[1] ?? match[2]!, port: Number(match[3]) };
}
