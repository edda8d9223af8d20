import type { Connection, ConnectionHandler, DialOptions, Listener, ListenOptions, Transport } from '@zk/contracts';

/** Connections between the servers of an ensemble. */
export interface QuorumTransport extends Transport {
  /** For election ports, where what comes first on a connection is another thing; absent: this one. */
  readonly elections?: Transport;
}

/**
 * Connections that come about in one way and are accepted in another, as on the way from plain text to TLS: first every
 * port takes both (`portUnification`), then every server dials by TLS (`sslQuorum`), then no port takes plain text.
 */
export class TwoWayTransport implements Transport {
  constructor(
    private readonly dialling: Transport,
    private readonly listening: Transport,
  ) {}

  listen(options: ListenOptions, accept: (connection: Connection) => ConnectionHandler | undefined): Promise<Listener> {
    return this.listening.listen(options, accept);
  }

  dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    return this.dialling.dial(options, open);
  }
}
