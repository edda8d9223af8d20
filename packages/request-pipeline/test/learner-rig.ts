import { DataTree, WatchTable } from '@zk/data-tree';
import { hiOf, int64, loOf } from '@zk/model';
import { SessionTracker } from '@zk/session';
import { LearnerPipeline } from '../src/index.js';
import { Rig, TestClient } from './rig.js';

/** What a learner has told its leader, and the leader has not heard yet. */
type Message = () => void;

/**
 * A learner's pipeline and that of its leader. What either says to the other is held until the test lets it pass, in
 * its order; nothing happens by itself.
 */
export class LearnerRig {
  readonly leader = new Rig();
  readonly tree: DataTree;
  readonly pipeline: LearnerPipeline;
  readonly sessions: SessionTracker;
  readonly ended: string[] = [];
  nowMs = 1_000;
  private readonly toLeader: Message[] = [];
  private readonly toLearner: Message[] = [];
  private readonly owner = {};
  private nextWatcher = 0;

  constructor() {
    this.tree = new DataTree();
    const watches = new WatchTable(this.tree, (...event) => this.pipeline.deliver(...event));
    this.tree.listener = watches;
    this.sessions = new SessionTracker({ tickTimeMs: 1_000, serverId: 2, startMs: 5, onExpire: () => undefined });
    this.pipeline = new LearnerPipeline(
      {
        tree: this.tree,
        watches,
        sessions: this.sessions,
        providers: { get: () => undefined, initialIds: () => [] },
        clock: { wallMs: () => this.nowMs, monotonicMs: () => this.nowMs },
        leader: {
          forward: (sessionHi, sessionLo, cxid, type, body, ids) => {
            const { owner } = this;
            const request = { sessionHi, sessionLo, cxid, type, body: body.slice(), ids: ids ?? [], owner };
            this.toLeader.push(() => this.leader.pipeline.submitRemote(request, this.nowMs));
          },
          sync: () => this.toLeader.push(() => this.toLearner.push(() => this.pipeline.synced(this.nowMs))),
          revalidate: (hi, lo, timeoutMs) => this.toLeader.push(() => this.revalidate(int64(hi, lo), timeoutMs)),
        },
        onSession: (kind) => void this.ended.push(kind),
      },
      {
        minSessionTimeoutMs: 2_000,
        maxSessionTimeoutMs: 20_000,
        skipAcl: false,
        requiredSchemes: [],
        maxHeldReplyBytes: 1_000_000,
      },
    );
  }

  /** A connection with a session of its own, which leader and learner know. */
  client(): TestClient {
    const client = this.dial();
    client.connect();
    this.pass();
    client.takeReplies();
    return client;
  }

  dial(): TestClient {
    const client = new TestClient(this, this.nextWatcher++);
    this.pipeline.add(client.client);
    return client;
  }

  /** Everything that was said is heard, and what comes of it, until there is nothing left to say. */
  pass(): void {
    while (this.reachLeader() || this.reachLearner());
  }

  /** The leader hears what was said to it. @returns whether there was anything */
  reachLeader(): boolean {
    const messages = this.toLeader.splice(0);
    for (const message of messages) message();
    return messages.length > 0;
  }

  /** What the leader has proposed is committed, and the learner hears of that and of all else. */
  reachLearner(): boolean {
    const committed = this.leader.log.map(({ bytes }) => bytes);
    this.leader.commitAll();
    const messages = this.toLearner.splice(0);
    for (const bytes of committed) this.pipeline.commit(bytes, this.nowMs);
    for (const message of messages) message();
    return committed.length + messages.length > 0;
  }

  /** What was said does not reach the leader: another one has taken its place. */
  forgetSaid(): void {
    this.toLeader.length = 0;
  }

  /** Questions about sessions are answered before what was said earlier is: a reply overtakes nothing but transactions. */
  answerRevalidations(): void {
    this.toLeader.splice(-1)[0]?.();
    for (const message of this.toLearner.splice(0)) message();
  }

  private revalidate(id: bigint, timeoutMs: number): void {
    const isValid = this.leader.pipeline.moveSession(hiOf(id), loOf(id), this.owner, timeoutMs, this.nowMs);
    this.toLearner.push(() => this.pipeline.revalidated(hiOf(id), loOf(id), isValid, this.nowMs));
  }
}
