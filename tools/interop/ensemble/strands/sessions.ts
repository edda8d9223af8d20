/** Sessions: long ones that move from server to server with their ephemerals, and short ones that end in every way. */
import type { Reply } from '../../../lib/raw-client.ts';
import { ByteReader, ByteWriter, CreateFlag, ErrorCode, Op, body } from '../../../lib/wire.ts';
import { SessionStrand, bytes, openClient, readBehindSync } from './strand.ts';
import type { FinalTree, StrandKind } from './strand.ts';

/** How many ephemerals a session holds. */
const HELD = 4;
const SHORT_TIMEOUT_MS = 3_000;
/** One in so many short sessions is left to expire. */
const ABANDONED = 4;

export const mover: StrandKind = {
  claim: 'sessions that move from server to server live on, and keep their ephemerals',
  open: async (context) => new Mover(context, await openClient(context)),
};

export const visitor: StrandKind = {
  claim: 'ephemerals go with sessions that were closed or have expired, for everybody',
  open: async (context) => new Visitor(context, await openClient(context, 1)),
};

class Mover extends SessionStrand {
  acknowledged = 0;
  private readonly held = new Set<string>();
  private count = 0;

  async step(): Promise<void> {
    await (this.held.size < HELD ? this.create() : this.delete());
    if (this.count % 3 === 0) this.client.move();
    const request = new ByteWriter().string(this.context.root).take();
    const reply = await this.client.ask(Op.getEphemerals, request);
    const found = new Set(new ByteReader(reply.payload).strings());
    const missing = [...this.held].find((path) => !found.has(path));
    if (missing !== undefined) this.context.complain(`${missing} is not among the session's ephemerals after a move`);
    const extra = [...found].find((path) => !this.held.has(path) && !this.unknown.has(path));
    if (extra !== undefined) this.context.complain(`${extra} is still among the session's ephemerals`);
  }

  verify(tree: FinalTree): void {
    const { complain } = this.context;
    for (const path of this.held) {
      const owner = tree.get(path)?.stat.ephemeralOwner;
      if (owner !== this.client.sessionId) complain(`${path} is owned by ${owner}, not by ${this.client.sessionId}`);
    }
    for (const [path, { stat }] of tree) {
      const isOurs = stat.ephemeralOwner === this.client.sessionId;
      if (isOurs && !this.held.has(path) && !this.unknown.has(path)) complain(`${path} should not be there`);
    }
  }

  private async create(): Promise<void> {
    const path = `${this.context.root}/held/${this.context.label}.${(this.count += 1)}`;
    const reply = await this.attempt(path, Op.create, body.create(path, bytes('held'), CreateFlag.ephemeral));
    if (reply === undefined) return;
    if (reply.error !== 0) this.context.complain(`an ephemeral create gave error ${reply.error}`);
    this.acknowledged += 1;
    this.held.add(path);
  }

  private async delete(): Promise<void> {
    const [path] = this.held.keys() as Iterable<string> as [string];
    const reply = await this.attempt(path, Op.delete, body.delete(path));
    this.held.delete(path);
    this.count += 1;
    if (reply?.error === 0) this.acknowledged += 1;
    else if (reply !== undefined) this.context.complain(`the delete of ${path} gave error ${reply.error}`);
  }
}

/** Opens a session somewhere, leaves an ephemeral behind, and looks from another server whether it goes. */
class Visitor extends SessionStrand {
  acknowledged = 0;
  private readonly left = new Map<string, string>();
  private count = 0;

  async step(): Promise<void> {
    this.count += 1;
    const isAbandoned = this.count % ABANDONED === 0;
    const timeoutMs = isAbandoned ? SHORT_TIMEOUT_MS : this.context.sessionTimeoutMs;
    const guest = await openClient(this.context, this.count, { timeoutMs });
    const path = `${this.context.root}/visits/${this.context.label}.${this.count}`;
    this.left.set(path, isAbandoned ? 'expired' : 'closed');
    const reply = await guest.attempt(Op.create, body.create(path, bytes('short'), CreateFlag.ephemeral));
    if (reply?.error === 0) this.acknowledged += 1;
    if (isAbandoned) {
      guest.abandon();
      return;
    }
    await guest.close();
    this.acknowledged += 1;
    await this.expectGone(path);
  }

  verify(tree: FinalTree): void {
    for (const [path, how] of this.left) {
      if (tree.has(path)) this.context.complain(`${path} is there, though its session was ${how}`);
    }
  }

  /** What was acknowledged before a sync is seen behind it, whichever server that is. */
  private async expectGone(path: string): Promise<void> {
    const isGone = (reply: Reply): boolean => reply.error === ErrorCode.noNode;
    const reply = await readBehindSync(this.client, this.context, path, isGone);
    if (!isGone(reply)) this.context.complain(`${path} was seen after the close of its session`);
  }
}
