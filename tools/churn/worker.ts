/** One client of the churn: a bounded set of znodes that it creates, changes, watches and deletes; now and then it reconnects. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../lib/random.js';
import { RawClient } from '../lib/raw-client.js';
import { body, ByteReader, CreateFlag, ErrorCode, Op } from '../lib/wire.js';

export interface ChurnCounts {
  operations: number;
  notifications: number;
  sessions: number;
  refused: number;
}

const SESSION_TIMEOUT_MS = 10_000;
const LARGEST_DATA = Buffer.alloc(2_000, 'c');

export class ChurnWorker {
  private client: RawClient | undefined;
  private live: string[] = [];
  private counter = 0;
  private readonly root: string;

  constructor(
    private readonly port: number,
    index: number,
    private readonly liveTarget: number,
    private readonly random: SeededRandom,
    private readonly counts: ChurnCounts,
  ) {
    this.root = `/churn/w${index}`;
  }

  async prepare(): Promise<void> {
    const client = await this.connected();
    await client.request(Op.create, body.create('/churn', Buffer.alloc(0)));
    await client.request(Op.create, body.create(this.root, Buffer.alloc(0)));
    // The set is complete from the start, so that its growth is not taken for a leak.
    while (this.live.length < this.liveTarget) {
      await Promise.all(Array.from({ length: 100 }, () => this.create(client, false)));
    }
  }

  /** `batch` requests, pipelined; sometimes a new session first. */
  async turn(batch: number): Promise<void> {
    if (this.random.chance(0.02)) await this.leave();
    const client = await this.connected();
    const replies: Promise<void>[] = [];
    for (let i = 0; i < batch; i++) replies.push(this.one(client));
    await Promise.all(replies);
  }

  /** Deletes everything and closes the session. */
  async finish(): Promise<void> {
    const client = await this.connected();
    await Promise.all(this.live.splice(0).map((path) => client.request(Op.delete, body.delete(path))));
    await this.removeRest(client);
    await client.close();
  }

  private async connected(): Promise<RawClient> {
    if (this.client?.isOpen === true) return this.client;
    this.counts.sessions++;
    this.client = await RawClient.open({ port: this.port, timeoutMs: SESSION_TIMEOUT_MS });
    this.client.keepAlive(2_000);
    this.client.onNotification = () => {
      this.counts.notifications++;
    };
    return this.client;
  }

  /** Half of the sessions are closed, half just vanish and have to expire. */
  private async leave(): Promise<void> {
    if (this.random.chance(0.5)) await this.client?.close();
    else this.client?.destroy();
    this.client = undefined;
    await delay(1);
  }

  private async one(client: RawClient): Promise<void> {
    this.counts.operations++;
    const { random } = this;
    const victim = this.live.length === 0 ? undefined : random.pick(this.live);
    const roll = random.below(100);
    if (victim === undefined || (roll < 25 && this.live.length < this.liveTarget)) return this.create(client, roll < 3);
    if (roll < 45) return this.delete(client);
    if (roll < 70) return this.expect(client.request(Op.setData, body.setData(victim, this.data())));
    if (roll < 80) return this.expect(client.request(Op.getData, body.pathAndFlag(victim, true)));
    if (roll < 85)
      return this.expect(
        client.request(Op.exists, body.pathAndFlag(`${victim}-not-there-${random.below(1_000)}`, true)),
      );
    if (roll < 88) return this.expect(client.request(Op.getChildren2, body.pathAndFlag(victim, true)));
    if (roll < 90) return this.expect(client.request(Op.addWatch, body.pathAndInt(victim, random.below(2))));
    if (roll < 95) {
      const part = { type: Op.setData, body: body.setData(victim, this.data()) };
      return this.expect(client.request(Op.multi, body.multi([part, part])));
    }
    return this.expect(
      client.request(Op.create, body.create(`${this.root}/e-`, this.data(), CreateFlag.ephemeralSequential)),
    );
  }

  private async create(client: RawClient, isSequential: boolean): Promise<void> {
    // Names of changing length, as data of changing length, go through all size classes of an allocator.
    const name = `${this.root}/n${'x'.repeat(this.random.below(60))}${this.counter++}`;
    const flags = isSequential ? CreateFlag.sequential : CreateFlag.persistent;
    const reply = await client.request(Op.create, body.create(name, this.data(), flags));
    if (reply.error === 0) this.live.push(new ByteReader(reply.payload).string() ?? '');
    else this.counts.refused++;
  }

  private async delete(client: RawClient): Promise<void> {
    const at = this.random.below(this.live.length);
    const [path] = this.live.splice(at, 1);
    if (path !== undefined) await this.expect(client.request(Op.delete, body.delete(path)));
  }

  /** A znode may have been deleted by a request in front: that is no surprise. */
  private async expect(reply: Promise<{ error: number }>): Promise<void> {
    const { error } = await reply;
    if (error !== 0 && error !== ErrorCode.noNode) this.counts.refused++;
  }

  private data(): Buffer {
    const size = this.random.chance(0.05) ? this.random.below(LARGEST_DATA.length) : this.random.below(200);
    return LARGEST_DATA.subarray(0, size);
  }

  private async removeRest(client: RawClient): Promise<void> {
    const reply = await client.request(Op.getChildren, body.pathAndFlag(this.root, false));
    const names = reply.error === 0 ? new ByteReader(reply.payload).strings() : [];
    await Promise.all(names.map((name) => client.request(Op.delete, body.delete(`${this.root}/${name}`))));
    await client.request(Op.delete, body.delete(this.root));
  }
}
