import type { Connection } from '@zk/contracts';
import type { ServerId } from '@zk/quorum';
import type { HostAndPort } from './dialling.js';

/** A kept election connection: one message at a time, the next one once the transport has let go of the last. */
export class ElectionConnection {
  /** The transport holds bytes of the last message. */
  isBlocked = false;
  private onFree: (() => void) | undefined;

  constructor(
    readonly server: ServerId,
    private readonly connection: Connection,
  ) {}

  get remote(): HostAndPort {
    const { remoteAddress: host, remotePort: port } = this.connection;
    return { host, port };
  }

  /** @param onFree when the next one may be written, unless that is so at once */
  write(message: Uint8Array, onFree: () => void): void {
    this.isBlocked = !this.connection.write(message, 0, message.length);
    this.onFree = onFree;
  }

  drained(): void {
    this.isBlocked = false;
    this.onFree?.();
  }

  destroy(): void {
    this.connection.destroy();
  }
}
