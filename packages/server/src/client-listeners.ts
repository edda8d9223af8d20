import type { Connection, ConnectionHandler, Listener, Transport } from '@zk/contracts';
import type { ServerOptions } from './options.js';

/** One more address where clients connect. */
export interface ClientListener {
  /** For logs and {@link ZkServer.addresses}: `secure`, `websocket`, or a name of one's own. */
  readonly name: string;
  readonly transport: Transport;
  /** Absent: all addresses. */
  readonly host?: string;
  /** 0 picks a free port. */
  readonly port: number;
}

/** An address in use. */
export interface BoundAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Token under which further listeners are registered: a `readonly ClientListener[]`. */
export const LISTENERS = Symbol.for('@zk/ClientListeners');

/** Everything a server listens on for clients: all of it, or nothing. */
export class ClientListeners {
  private open: { readonly name: string; readonly listener: Listener }[] = [];

  private readonly wanted: readonly ClientListener[];

  /** `transport` is that of the client port. */
  constructor(
    transport: Transport,
    further: readonly ClientListener[],
    private readonly options: ServerOptions,
  ) {
    const { clientHost, clientPort } = options;
    const host = clientHost === undefined ? {} : { host: clientHost };
    this.wanted =
      clientPort === false ? further : [{ name: 'client', transport, port: clientPort, ...host }, ...further];
  }

  /** @throws Error with `code` when an address cannot be bound; then none is */
  async start(accept: (connection: Connection) => ConnectionHandler | undefined): Promise<void> {
    const { listenBacklog, tcpKeepAlive } = this.options;
    try {
      for (const { name, transport, host, port } of this.wanted) {
        const options = {
          port,
          ...(host === undefined ? {} : { host }),
          ...(listenBacklog === undefined ? {} : { backlog: listenBacklog }),
          keepAlive: tcpKeepAlive,
        };
        this.open.push({ name, listener: await transport.listen(options, accept) });
      }
    } catch (error) {
      await this.close();
      this.open = [];
      throw error;
    }
  }

  /** Whether anything was listened on, if only once. */
  get wasOpened(): boolean {
    return this.open.length > 0;
  }

  /** In the order in which they were given; those of before, once they are closed. */
  get addresses(): readonly BoundAddress[] {
    return this.open.map(({ name, listener: { host, port } }) => ({ name, host, port }));
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.open.map(({ listener }) => listener.close()));
  }
}
