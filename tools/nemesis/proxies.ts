/**
 * Where there are no network namespaces: every member reaches every other one through a TCP proxy of its own, which
 * stops passing bytes on when the link is cut. A connection attempt over a cut link hangs, as it would without a wire.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { PeerAddress } from '../lib/ensemble-processes.js';
import type { Network } from './network.js';

type Purpose = 'quorum' | 'election';

/** Bytes of one connection on their way from one member to another. */
interface Stream {
  readonly from: number;
  readonly to: number;
  readonly source: Socket;
}

interface Proxy {
  readonly from: number;
  readonly to: number;
  readonly purpose: Purpose;
  readonly server: Server;
  target?: { readonly host: string; readonly port: number };
  /** Accepted and not passed on, since the link is cut. */
  readonly waiting: Set<Socket>;
}

export class Proxies implements Network {
  readonly description = 'TCP proxies between the members';
  readonly reachesClients = false;
  private readonly cuts = new Set<string>();
  private readonly proxies: Proxy[] = [];
  private readonly streams = new Set<Stream>();

  static async listen(members: number): Promise<Proxies> {
    const proxies = new Proxies();
    for (let from = 1; from <= members; from++) {
      for (let to = 1; to <= members; to++) if (from !== to) await proxies.addLink(from, to);
    }
    return proxies;
  }

  readonly addressOf = (): string => '127.0.0.1';

  readonly wrapperOf = (): readonly string[] => [];

  readonly peerSeenBy = (from: number, to: number, own: PeerAddress): PeerAddress => ({
    host: '127.0.0.1',
    quorumPort: this.aim(from, to, 'quorum', own.host, own.quorumPort),
    electionPort: this.aim(from, to, 'election', own.host, own.electionPort),
  });

  readonly cut = (from: number, to: number): void => {
    this.cuts.add(`${from} ${to}`);
    for (const stream of this.streams) if (stream.from === from && stream.to === to) stream.source.pause();
  };

  readonly heal = (from: number, to: number): void => {
    this.cuts.delete(`${from} ${to}`);
    for (const stream of this.streams) if (stream.from === from && stream.to === to) stream.source.resume();
    for (const proxy of this.proxies) {
      if (this.isCut(proxy.from, proxy.to)) continue;
      for (const socket of proxy.waiting) this.passOn(proxy, socket);
      proxy.waiting.clear();
    }
  };

  readonly healAll = (): void => {
    for (const link of [...this.cuts]) {
      const [from, to] = link.split(' ').map(Number);
      this.heal(from!, to!);
    }
  };

  readonly dispose = (): void => {
    for (const { server } of this.proxies) server.close();
    for (const { source } of this.streams) source.destroy();
  };

  private async addLink(from: number, to: number): Promise<void> {
    for (const purpose of ['quorum', 'election'] as const) {
      const server = createServer();
      const proxy: Proxy = { from, to, purpose, server, waiting: new Set() };
      server.on('connection', (socket) => this.accept(proxy, socket));
      server.listen(0, '127.0.0.1').unref();
      await once(server, 'listening');
      this.proxies.push(proxy);
    }
  }

  private aim(from: number, to: number, purpose: Purpose, host: string, port: number): number {
    const proxy = this.proxies.find((one) => one.from === from && one.to === to && one.purpose === purpose);
    if (proxy === undefined) throw new RangeError(`no link from ${from} to ${to}`);
    proxy.target = { host, port };
    return (proxy.server.address() as AddressInfo).port;
  }

  private isCut(from: number, to: number): boolean {
    return this.cuts.has(`${from} ${to}`) || this.cuts.has(`${to} ${from}`);
  }

  private accept(proxy: Proxy, socket: Socket): void {
    socket.on('error', () => undefined); // 'close' follows
    socket.pause();
    if (!this.isCut(proxy.from, proxy.to)) {
      this.passOn(proxy, socket);
      return;
    }
    proxy.waiting.add(socket);
    socket.once('close', () => proxy.waiting.delete(socket));
  }

  private passOn({ from, to, target }: Proxy, near: Socket): void {
    if (target === undefined || near.destroyed) return;
    const far = connect(target);
    far.setNoDelay(true);
    near.setNoDelay(true);
    this.pump({ from, to, source: near }, far);
    this.pump({ from: to, to: from, source: far }, near);
  }

  private pump(stream: Stream, target: Socket): void {
    const { source } = stream;
    this.streams.add(stream);
    source.on('data', (chunk) => target.write(chunk));
    source.on('error', () => undefined); // 'close' follows
    source.on('close', () => {
      this.streams.delete(stream);
      target.end();
    });
    if (this.cuts.has(`${stream.from} ${stream.to}`)) source.pause();
    else source.resume();
  }
}
