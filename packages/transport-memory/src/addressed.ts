/** Where one end can be reached. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** One end of a connection, as far as it tells who and where the two ends are. */
export abstract class Addressed<E extends Endpoint = Endpoint> {
  constructor(
    protected readonly local: E,
    protected readonly remote: E,
  ) {}

  get remoteAddress(): string {
    return this.remote.address;
  }

  get remotePort(): number {
    return this.remote.port;
  }

  get localAddress(): string {
    return this.local.address;
  }

  get localPort(): number {
    return this.local.port;
  }
}
