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

/** Between two attempts at an address that refuses, while another one says nothing. */
const RETRY_MS = 50;

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
  const dial = ({ host, port }: HostAndPort): Promise<Connection> =>
    transport.dial({ host, port, keepAlive, signal: abort.signal }, openFirst);
  try {
    return await (addresses.length === 1 ? dial(addresses[0]!) : race(addresses, dial, scheduler, abort.signal));
  } finally {
    timer.cancel();
    if (addresses.length > 1) abort.abort(new Error('another address answered'));
  }
}

/**
 * Whichever answers first. One that refuses is tried again as long as there is another one that does neither: a network that
 * is gone may take its time, and the server on the other one be there in a moment.
 * @throws AggregateError when all have failed at the same time
 */
function race(
  addresses: readonly HostAndPort[],
  dial: (address: HostAndPort) => Promise<Connection>,
  scheduler: Scheduler,
  signal: AbortSignal,
): Promise<Connection> {
  let underWay = 0;
  const persist = async (address: HostAndPort): Promise<Connection> => {
    for (;;) {
      underWay++;
      try {
        return await dial(address);
      } catch (error) {
        if (--underWay === 0 || signal.aborted) throw error;
        await new Promise<void>((resolve) => scheduler.after(RETRY_MS, resolve));
        if (underWay === 0 || signal.aborted) throw error;
      }
    }
  };
  return Promise.any(addresses.map(persist));
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
