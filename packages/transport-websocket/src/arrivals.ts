import type { Socket } from 'node:net';

/**
 * Connections that are no WebSockets yet. Nobody counts them, so none may stay for long: whoever connects and says nothing,
 * or half of what is to be said, would keep a descriptor of the server for as long as it likes.
 */
export class Arrivals {
  /** By address and port, which are the same for a TLS socket and for the one below it. */
  private readonly timers = new Map<string, { readonly socket: Socket; readonly timer: NodeJS.Timeout }>();

  constructor(private readonly timeoutMs: number) {}

  arrived(socket: Socket): void {
    const end = endOf(socket);
    const timer = setTimeout(() => socket.destroy(), this.timeoutMs).unref();
    this.timers.set(end, { socket, timer });
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.timers.get(end)?.socket === socket) this.timers.delete(end);
    });
  }

  /** It has become a WebSocket. */
  settled(socket: Socket): void {
    const end = endOf(socket);
    clearTimeout(this.timers.get(end)?.timer);
    this.timers.delete(end);
  }

  /** Cuts off whoever is still here. */
  close(): void {
    for (const { socket } of this.timers.values()) socket.destroy();
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${String(remotePort)}`;
}
