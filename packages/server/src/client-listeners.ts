import type { Connection, ConnectionHandler, HandshakeCounts, Listener, Transport } from '@zk/contracts';
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

/** Takes a connection in; `listener` is the name of the one it came through. */
type Accept = (connection: Connection, listener: string) => ConnectionHandler | undefined;

/** Name of the client port's listener. */
const CLIENT = 'client';

/** Everything a server listens on for clients: all of it, or nothing. */
export class ClientListeners {
  private open: { readonly name: string; readonly listener: Listener }[] = [];
  private accept: Accept = () => undefined;
  private isClosed = false;
  /** Moves follow one another. */
  private moved: Promise<void> = Promise.resolve();
  private wanted: readonly ClientListener[];

  /** `transport` is that of the client port. */
  constructor(
    transport: Transport,
    further: readonly ClientListener[],
    private readonly options: ServerOptions,
  ) {
    const { clientHost, clientPort } = options;
    const host = clientHost === undefined ? {} : { host: clientHost };
    this.wanted = clientPort === false ? further : [{ name: CLIENT, transport, port: clientPort, ...host }, ...further];
  }

  /** @throws Error with `code` when an address cannot be bound; then none is */
  async start(accept: Accept): Promise<void> {
    this.accept = accept;
    try {
      for (const wanted of this.wanted) {
        this.open.push({ name: wanted.name, listener: await this.listen(wanted) });
      }
    } catch (error) {
      await this.close();
      this.open = [];
      throw error;
    }
  }

  /**
   * Takes clients at another address than so far; nothing happens where there is no client port. Before the start it is that
   * address which is bound then.
   * @throws Error with `code` when that cannot be bound; then the client port stays where it is
   */
  moveClientPort(to: Pick<ClientListener, 'host' | 'port'>): Promise<void> {
    const moving = this.moved.then(() => this.move(to));
    this.moved = moving.catch(() => undefined);
    return moving;
  }

  private async move(to: Pick<ClientListener, 'host' | 'port'>): Promise<void> {
    const before = this.wanted.find(({ name }) => name === CLIENT);
    if (before === undefined || this.isClosed) return;
    const after = { ...before, ...to };
    const index = this.open.findIndex(({ name }) => name === CLIENT);
    if (index >= 0) await this.replace(index, before, after);
    this.wanted = this.wanted.map((each) => (each === before ? after : each));
  }

  /** The new one is bound before the old one goes, unless they are in each other's way. */
  private async replace(index: number, before: ClientListener, after: ClientListener): Promise<void> {
    const { listener: old } = this.open[index]!;
    const isSamePort = before.port === after.port;
    const bind = async (wanted: ClientListener): Promise<void> => {
      this.open[index] = { name: CLIENT, listener: await this.listen(wanted) };
    };
    if (isSamePort) await old.close();
    try {
      await bind(after);
    } catch (error) {
      if (isSamePort) await bind(before);
      throw error;
    }
    if (!isSamePort) await old.close();
  }

  private listen({ name, transport, host, port }: ClientListener): Promise<Listener> {
    const { listenBacklog, tcpKeepAlive } = this.options;
    const options = {
      port,
      ...(host === undefined ? {} : { host }),
      ...(listenBacklog === undefined ? {} : { backlog: listenBacklog }),
      keepAlive: tcpKeepAlive,
    };
    return transport.listen(options, (connection) => this.accept(connection, name));
  }

  /** Whether anything was listened on, if only once. */
  get wasOpened(): boolean {
    return this.open.length > 0;
  }

  /** In the order in which they were given; those of before, once they are closed. */
  get addresses(): readonly BoundAddress[] {
    return this.open.map(({ name, listener: { host, port } }) => ({ name, host, port }));
  }

  /** Of all of them together. */
  get handshakes(): HandshakeCounts {
    const all = this.open.flatMap(({ listener: { handshakes } }) => handshakes ?? []);
    const sumOf = (count: keyof HandshakeCounts): number => all.reduce((sum, one) => sum + one[count], 0);
    return { underway: sumOf('underway'), failed: sumOf('failed'), refused: sumOf('refused') };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.moved;
    await Promise.all(this.open.map(({ listener }) => listener.close()));
  }
}
