import { once, EventEmitter } from 'node:events';
import { type Connection, type ConnectionHandler, type Listener, silentLogger } from '@zk/contracts';
import { EnsembleConfig } from '@zk/quorum';
import { MemoryTransport } from '@zk/transport-memory';
import {
  type LogEntry,
  PacketStream,
  Peer,
  type PeerInput,
  type PeerOutput,
  SNAPSHOT_SIGNATURE,
  encodePacket,
} from '@zk/zab';
import { ElectionNetwork } from '../../ensemble/src/election-network.js';
import { fixedRandom, realScheduler } from '../../ensemble/test/cluster.js';

/**
 * Three peers, each with a thin driver over a Transport: elections on one port, learners on another, everything as bytes.
 * The storage is an array that is durable in the next turn.
 */

const ports = (id: bigint): { election: number; quorum: number } => ({
  election: 3880 + Number(id),
  quorum: 2880 + Number(id),
});
const config = EnsembleConfig.parse(
  [1n, 2n, 3n].map((id) => `server.${id}=127.0.0.1:${ports(id).quorum}:${ports(id).election}`).join('\n'),
);

class Driver extends EventEmitter {
  readonly log: LogEntry[] = [];
  readonly applied: string[] = [];
  serving: Extract<PeerOutput, { kind: 'serve' }> | undefined;
  private readonly peer: Peer;
  private readonly elections: ElectionNetwork;
  private readonly connections = new Map<number, Connection>();
  private readonly electionListeners: Listener[] = [];
  private quorumListener: Promise<Listener> | undefined;
  private next = 1;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    readonly id: bigint,
    private readonly transport: MemoryTransport,
  ) {
    super();
    const disk = { lastZxid: 0n, recent: [] };
    const options = { tickTimeMs: 200, initLimitTicks: 20, syncLimitTicks: 20, maxNotificationMs: 400 };
    this.peer = new Peer({ id, config, epochs: { accepted: 0, current: 0 }, disk, options });
    this.elections = new ElectionNetwork(
      { transport, scheduler: realScheduler, random: fixedRandom, logger: silentLogger },
      { id, dialling: { timeoutMs: 5000 }, isMultiAddress: false, reachabilityTimeoutMs: 0, handshakeTimeoutMs: 5000 },
      {
        addressesOf: (server) => [{ host: '127.0.0.1', port: ports(server).election }],
        notified: (from, notification) => this.later({ kind: 'notification', from, notification }),
        reachable: (server, isReachable) => this.later({ kind: 'reachable', server, isReachable }),
      },
    );
  }

  async start(): Promise<void> {
    const listener = await this.transport.listen({ host: '127.0.0.1', port: ports(this.id).election }, (connection) =>
      this.elections.accept(connection),
    );
    this.electionListeners.push(listener);
    this.perform(this.peer.start(performance.now()));
  }

  write(text: string): void {
    const zxid = this.nextZxid++;
    this.give({ kind: 'propose', zxid, txn: new TextEncoder().encode(text) });
  }

  private nextZxid = 0n;

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.elections.stop();
    for (const connection of this.connections.values()) connection.destroy();
    for (const listener of this.electionListeners) await listener.close();
    await (await this.quorumListener)?.close();
  }

  private give(input: PeerInput): void {
    if (!this.isClosed) this.perform(this.peer.step(input, performance.now()));
  }

  private perform(outputs: readonly PeerOutput[]): void {
    for (const output of outputs) this.performOne(output);
    clearTimeout(this.timer);
    const delayMs = Math.max(0, this.peer.wakeAtMs - performance.now());
    if (delayMs !== Infinity && !this.isClosed) this.timer = setTimeout(() => this.give({ kind: 'tick' }), delayMs + 1);
  }

  private performOne(output: PeerOutput): void {
    switch (output.kind) {
      case 'notify':
        return this.elections.send(output.to, output.notification);
      case 'listen':
        this.quorumListener = this.transport.listen(
          { host: '127.0.0.1', port: ports(this.id).quorum },
          (connection) => {
            const link = this.adopt(connection);
            // The handler first: what the peer makes of it comes in a later turn.
            setImmediate(() => this.give({ kind: 'accepted', link }));
            return this.linkHandler(link);
          },
        );
        return;
      case 'unlisten':
        void this.quorumListener?.then((listener) => listener.close());
        return;
      case 'dial':
        return this.dial(output.to, output.attempt);
      case 'send':
        return this.send(output.link, Buffer.concat(output.packets.map(encodePacket)));
      case 'send-snapshot':
        return this.send(output.link, new TextEncoder().encode(`${this.applied.join(' ')}\n${SNAPSHOT_SIGNATURE}`));
      case 'close':
        return this.connections.get(output.link)?.end();
      case 'append':
        this.log.push(output.entry);
        return;
      case 'sync':
        return void setImmediate(() => this.give({ kind: 'durable', zxid: this.log.at(-1)!.zxid }));
      case 'write':
        return void setImmediate(() => this.give({ kind: 'written', ticket: output.ticket }));
      case 'read-log':
        return void setImmediate(() => this.give({ kind: 'log-unavailable', link: output.link }));
      case 'deliver':
        this.applied.push(new TextDecoder().decode(output.entry.txn));
        return void this.emit('applied');
      case 'serve':
        this.serving = output;
        this.nextZxid = output.zxid + 1n;
        return void this.emit('serve');
      case 'stop-serving':
        this.serving = undefined;
        return;
      default:
        return;
    }
  }

  private dial(to: bigint, attempt: number): void {
    this.transport
      .dial({ host: '127.0.0.1', port: ports(to).quorum }, (connection) => this.linkHandler(this.adopt(connection)))
      .then(
        (connection) => this.give({ kind: 'connected', attempt, link: this.numberOf(connection) }),
        () => this.give({ kind: 'dial-failed', attempt }),
      );
  }

  private linkHandler(link: number): ConnectionHandler {
    const stream = new PacketStream({
      onPackets: (packets) => this.give({ kind: 'packets', link, packets }),
      onSnapshot: (bytes) => {
        const text = new TextDecoder().decode(bytes);
        const end = text.indexOf(SNAPSHOT_SIGNATURE);
        if (end < 0) return undefined;
        this.applied.splice(
          0,
          this.applied.length,
          ...text
            .slice(0, end)
            .trim()
            .split(' ')
            .filter((item) => item !== ''),
        );
        this.give({ kind: 'snapshot-received', link });
        return end + SNAPSHOT_SIGNATURE.length;
      },
    });
    return {
      onData: (bytes, start, end) => void stream.push(bytes, start, end),
      onDrain: () => undefined,
      onClose: () => {
        this.connections.delete(link);
        this.give({ kind: 'closed', link });
      },
    };
  }

  /** Not from inside of what the peer's last outputs are being performed. */
  private later(input: PeerInput): void {
    setImmediate(() => this.give(input));
  }

  private send(number: number, bytes: Uint8Array): void {
    this.connections.get(number)?.write(bytes, 0, bytes.length);
  }

  private adopt(connection: Connection): number {
    this.connections.set(this.next, connection);
    return this.next++;
  }

  private numberOf(connection: Connection): number {
    for (const [number, other] of this.connections) if (other === connection) return number;
    return -1;
  }
}

async function until(drivers: readonly Driver[], event: string, isSo: () => boolean): Promise<void> {
  while (!isSo()) await Promise.race(drivers.map((driver) => once(driver, event)));
}

it('three peers over a transport elect, agree, and go on without their leader', async () => {
  const transport = new MemoryTransport({ chunking: { random: { next: () => 0.3 }, maxBytes: 50 } });
  const drivers = [1n, 2n, 3n].map((id) => new Driver(id, transport));
  try {
    for (const driver of drivers) await driver.start();
    await until(drivers, 'serve', () => drivers.every((driver) => driver.serving !== undefined));
    const leader = drivers.find((driver) => driver.serving!.role === 'leader')!;
    for (let i = 0; i < 50; i++) leader.write(`first-${i}`);
    await until(drivers, 'applied', () => drivers.every((driver) => driver.applied.length === 50));

    await leader.close();
    const rest = drivers.filter((driver) => driver !== leader);
    const isOver = (driver: Driver): boolean => (driver.serving?.epoch ?? 0) > 1;
    await until(rest, 'serve', () => rest.every(isOver));
    rest.find((driver) => driver.serving!.role === 'leader')!.write('second');
    await until(rest, 'applied', () => rest.every((driver) => driver.applied.length === 51));
    expect(rest[0]!.applied).toEqual(rest[1]!.applied);
    expect(rest[0]!.applied.at(-1)).toBe('second');
  } finally {
    for (const driver of drivers) await driver.close();
  }
});
