import type {
  Connection,
  ConnectionHandler,
  DialOptions,
  Listener,
  ListenOptions,
  Logger,
  SaslExchange,
  Scheduler,
  Transport,
} from '@zk/contracts';
import type { QuorumTransport } from './quorum-transport.js';
import { IntroducingConnection } from './introducing-connection.js';
import { JudgingEnd, type Port } from './judging-end.js';
import { ProvingEnd } from './proving-end.js';

export interface QuorumSaslOptions {
  /** The exchange of an end that dials; undefined: it offers no proof (`quorum.auth.learnerRequireSasl=false`). */
  readonly prove: (() => SaslExchange) | undefined;
  /** The exchange of an end that was dialled. */
  readonly judge: () => SaslExchange;
  /** Who dials here must prove itself (`quorum.auth.serverRequireSasl`). */
  readonly isProofRequired: boolean;
  /** How long somebody who connects may take. */
  readonly timeoutMs: number;
}

export interface SaslPorts {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** Connections whose other end has not proved itself yet, per port. */
const MAX_PENDING = 64;

type Accept = (connection: Connection) => ConnectionHandler | undefined;

/**
 * Connections between servers that know each other by SASL (`quorum.auth.enableSasl`; spec: election, section 6). On the
 * quorum port the exchange is the first thing on a connection; on the election port it follows the initial message. A
 * connection is handed on when it is over: `dial` fails where it fails, and `accept` is asked only about those who passed.
 */
export class SaslTransport implements QuorumTransport {
  readonly elections: Transport;

  constructor(
    private readonly inner: Transport,
    private readonly options: QuorumSaslOptions,
    private readonly ports: SaslPorts,
  ) {
    this.elections = {
      listen: (listening, accept) => this.listenOn('election', listening, accept),
      dial: (dialling, open) => this.dialElection(dialling, open),
    };
  }

  listen(options: ListenOptions, accept: Accept): Promise<Listener> {
    return this.listenOn('quorum', options, accept);
  }

  /** @throws QuorumAuthError when the other server is not convinced, or does not prove itself */
  dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    const { prove } = this.options;
    if (prove === undefined) return this.inner.dial(options, open);
    return this.proved(options, (connection, settled) => {
      const end = new ProvingEnd(connection, prove(), {
        proved: () => {
          const handler = open(connection);
          settled(connection);
          return handler;
        },
        failed: settled,
      });
      end.begin();
      return end;
    });
  }

  /** The handler is asked for before the exchange, for what it writes first has to come before it; all else waits. */
  private dialElection(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    const { prove } = this.options;
    if (prove === undefined) return this.inner.dial(options, open);
    return this.proved(options, (inner, settled) => {
      const connection = new IntroducingConnection(inner, () => end.begin());
      const end = new ProvingEnd(inner, prove(), {
        proved: () => {
          connection.release();
          settled(connection);
          return handler;
        },
        failed: (error) => {
          handler.onClose(error);
          settled(error);
        },
      });
      const handler = open(connection);
      return end;
    });
  }

  /** Dials, and settles when the exchange is over, or is given up by the caller. */
  private async proved(
    options: DialOptions,
    begin: (connection: Connection, settled: (outcome: Connection | Error) => void) => ProvingEnd,
  ): Promise<Connection> {
    const { signal } = options;
    let settled: (outcome: Connection | Error) => void = () => undefined;
    const outcome = new Promise<Connection | Error>((resolve) => (settled = resolve));
    let end: ProvingEnd | undefined;
    const onAbort = (): void => end?.abandon(signal?.reason as Error);
    await this.inner.dial(options, (connection) => (end = begin(connection, settled)));
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const result = await outcome;
    signal?.removeEventListener('abort', onAbort);
    if (result instanceof Error) throw result;
    return result;
  }

  private async listenOn(port: Port, options: ListenOptions, accept: Accept): Promise<Listener> {
    const pending = new Set<JudgingEnd>();
    const listener = await this.inner.listen(options, (connection) => {
      if (pending.size >= MAX_PENDING) return undefined;
      return this.judge(connection, port, pending, accept);
    });
    return {
      host: listener.host,
      port: listener.port,
      close: async () => {
        await listener.close();
        for (const end of pending) end.turnAway('the port is closed');
      },
    };
  }

  private judge(connection: Connection, port: Port, pending: Set<JudgingEnd>, accept: Accept): JudgingEnd {
    const { judge, isProofRequired, timeoutMs } = this.options;
    const { scheduler, logger } = this.ports;
    const remote = connection.remoteAddress;
    const timer = scheduler.after(timeoutMs, () => end.turnAway(`no proof came within ${timeoutMs} ms`));
    const over = (): void => {
      timer.cancel();
      pending.delete(end);
    };
    const end = new JudgingEnd(connection, port, judge, isProofRequired, {
      admitted: () => {
        over();
        return accept(connection);
      },
      turnedAway: (reason) => {
        over();
        logger.warn({ remote, port, reason }, 'a server that connected did not prove who it is, and is sent away');
      },
      left: over,
      tolerated: (reason) => {
        logger.warn({ remote, port, reason }, 'a server that connected did not prove who it is, and is let in');
      },
    });
    pending.add(end);
    return end;
  }
}
