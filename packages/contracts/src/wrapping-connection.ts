import type { Connection } from './transport.js';

/** Base of a connection that stands before another one, and has its ends. */
export abstract class WrappingConnection {
  readonly certificateSubject?: string;

  constructor(protected readonly inner: Connection) {
    if (inner.certificateSubject !== undefined) this.certificateSubject = inner.certificateSubject;
  }

  get remoteAddress(): string {
    return this.inner.remoteAddress;
  }

  get remotePort(): number {
    return this.inner.remotePort;
  }

  get localAddress(): string {
    return this.inner.localAddress;
  }

  get localPort(): number {
    return this.inner.localPort;
  }
}
