import type { Connection, ConnectionHandler, DialOptions, ListenOptions, Listener, Transport } from '@zk/contracts';

/**
 * The part of a network that one server sees: it can become an island, which nobody reaches and from which nobody is
 * reached. Connections that exist break; later ones are refused, at both ends.
 */
export class Island implements Transport {
  private readonly connections = new Set<Connection>();
  private isCutOff = false;

  constructor(private readonly network: Transport) {}

  cutOff(): void {
    this.isCutOff = true;
    for (const connection of [...this.connections]) connection.destroy();
  }

  rejoin(): void {
    this.isCutOff = false;
  }

  listen(options: ListenOptions, accept: (connection: Connection) => ConnectionHandler | undefined): Promise<Listener> {
    return this.network.listen(options, (connection) => {
      if (this.isCutOff) return undefined;
      const handler = accept(connection);
      return handler === undefined ? undefined : this.watch(connection, handler);
    });
  }

  dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    if (this.isCutOff) return Promise.reject(Object.assign(new Error('cut off'), { code: 'ECONNREFUSED' }));
    return this.network.dial(options, (connection) => this.watch(connection, open(connection)));
  }

  private watch(connection: Connection, handler: ConnectionHandler): ConnectionHandler {
    this.connections.add(connection);
    return {
      onData: (bytes, start, end) => handler.onData(bytes, start, end),
      onDrain: () => handler.onDrain(),
      onClose: (error) => {
        this.connections.delete(connection);
        handler.onClose(error);
      },
    };
  }
}
