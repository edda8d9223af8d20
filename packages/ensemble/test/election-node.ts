import { silentLogger } from '@zk/contracts';
import type { MemoryTransport } from '@zk/transport-memory';
import type { Notification } from '@zk/zab';
import { ElectionNetwork } from '../src/election-network.js';
import { fixedRandom, nextTurn, realScheduler } from './cluster.js';

export const vote = (leader: bigint, round = 1n): Notification => ({
  state: 'looking',
  leader,
  zxid: 0x1_0000_0007n,
  round,
  peerEpoch: 1n,
  version: 2,
  config: 'version=0',
});

/** As in the recordings of Apache ZooKeeper. */
export const portOf = (server: bigint): number => 23880 + Number(server);

/** The election network of one server, listening, and what it hears. */
export class Node {
  readonly heard: { readonly from: bigint; readonly leader: bigint; readonly round: bigint }[] = [];
  readonly reachable: string[] = [];
  readonly network: ElectionNetwork;
  private listener: { close(): Promise<void> } | undefined;

  constructor(
    readonly transport: MemoryTransport,
    readonly id: bigint,
    private readonly known: readonly bigint[] = [1n, 2n, 3n],
  ) {
    this.network = new ElectionNetwork(
      { transport, scheduler: realScheduler, random: fixedRandom, logger: silentLogger },
      { id, dialling: { timeoutMs: 5000 }, isMultiAddress: false, reachabilityTimeoutMs: 0, handshakeTimeoutMs: 50 },
      {
        addressesOf: (server) => (this.known.includes(server) ? [{ host: '127.0.0.1', port: portOf(server) }] : []),
        notified: (from, { leader, round }) => void this.heard.push({ from, leader, round }),
        reachable: (server, isReachable) => void this.reachable.push(`${server} ${isReachable}`),
      },
    );
  }

  async listen(): Promise<this> {
    this.listener = await this.transport.listen({ port: portOf(this.id) }, (c) => this.network.accept(c));
    return this;
  }

  async hears(round: bigint, from: bigint): Promise<void> {
    while (!this.heard.some((message) => message.round === round && message.from === from)) await nextTurn();
  }

  async stop(): Promise<void> {
    this.network.stop();
    await this.listener?.close();
  }
}
