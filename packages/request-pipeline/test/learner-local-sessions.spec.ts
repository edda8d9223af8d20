import { DataTree, WatchTable } from '@zk/data-tree';
import { RecordWriter, writeCreateRequest } from '@zk/jute';
import { CreateMode, ErrorCode, OPEN_ACL_UNSAFE, OpCode } from '@zk/model';
import { SessionTracker } from '@zk/session';
import { Client, type ClientConnection, type LearnerParts, LearnerPipeline, Outbox } from '../src/index.js';

/** Writes of local sessions, which the leader decides on (spec: server semantics, section 10.6). */

/** A learner, and what it passes on; its leader is the test. */
class Learner {
  readonly tree = new DataTree();
  readonly forwarded: { readonly hi: number; readonly lo: number; readonly cxid: number }[] = [];
  readonly ended: string[] = [];
  readonly sessions: SessionTracker;
  readonly pipeline: LearnerPipeline;
  nowMs = 1_000;
  private clients = 0;

  constructor({ areUpgraded = true } = {}) {
    const watches = new WatchTable(this.tree, () => undefined);
    this.sessions = new SessionTracker({
      tickTimeMs: 1_000,
      serverId: 1,
      startMs: 5,
      onExpire: (session) => this.pipeline.expireSession(session, this.nowMs),
    });
    const parts: LearnerParts = {
      tree: this.tree,
      watches,
      sessions: this.sessions,
      providers: { get: () => undefined, initialIds: () => [] },
      clock: { wallMs: () => this.nowMs, monotonicMs: () => this.nowMs },
      leader: {
        forward: (hi, lo, cxid) => void this.forwarded.push({ hi, lo, cxid }),
        sync: () => undefined,
        revalidate: () => undefined,
      },
      onSession: (kind) => void this.ended.push(kind),
    };
    this.pipeline = new LearnerPipeline(parts, {
      minSessionTimeoutMs: 2_000,
      maxSessionTimeoutMs: 20_000,
      skipAcl: false,
      requiredSchemes: [],
      maxHeldReplyBytes: 1_000_000,
      localSessions: { areOn: true, areUpgraded },
    });
  }

  /** A connection with a local session. */
  client(): Client {
    const { pipeline } = this;
    const connection: ClientConnection = {
      peer: { remoteAddress: '127.0.0.1' },
      established: () => undefined,
      closeAfterFlush: () => undefined,
      closeNow: () => pipeline.remove(client),
    };
    const buffers = {
      borrow: (minimum: number) => new Uint8Array(Math.max(minimum, 1024)),
      giveBack: () => undefined,
      filled: () => undefined,
      borrowedBytes: 0,
    };
    const client: Client = new Client(this.clients++, new Outbox(buffers, connection), connection, []);
    pipeline.add(client);
    const writer = new RecordWriter().int32(0).int64(0n).int32(5_000).int64(0n).buffer(new Uint8Array(16)).byte(0);
    const frame = writer.bytes();
    pipeline.connect(client, frame, 0, frame.length, this.nowMs);
    return client;
  }

  submit(client: Client, frame: RecordWriter): void {
    const bytes = frame.bytes();
    this.pipeline.submit(client, bytes, 0, bytes.length, this.nowMs);
  }

  delete(client: Client, xid: number): void {
    this.submit(client, new RecordWriter().int32(xid).int32(OpCode.delete).ustring('/none').int32(-1));
  }

  createEphemeral(client: Client, xid: number): void {
    const frame = new RecordWriter().int32(xid).int32(OpCode.create);
    writeCreateRequest(frame, { path: '/e', data: null, acl: OPEN_ACL_UNSAFE, flags: CreateMode.ephemeral });
    this.submit(client, frame);
  }

  close(client: Client, xid: number): void {
    this.submit(client, new RecordWriter().int32(xid).int32(OpCode.closeSession));
  }

  /** The leader has refused all that was passed on. */
  answerAll(): void {
    let zxid = 0n;
    for (const { hi, lo, cxid } of this.forwarded.splice(0)) {
      const header = new RecordWriter().int32(hi).int32(lo).int32(cxid).int64(++zxid).int64(0n);
      this.pipeline.commit(header.int32(OpCode.error).int32(ErrorCode.NONODE).bytes(), this.nowMs);
    }
  }

  /** Long enough for every session. */
  expireAll(): void {
    this.nowMs += 30_000;
    this.sessions.expire(this.nowMs);
  }
}

describe('a learner with local sessions', () => {
  let learner: Learner;

  beforeEach(() => {
    learner = new Learner();
  });

  it('no longer counts the writes of a session that has expired, and takes their outcomes all the same', () => {
    for (const client of [learner.client(), learner.client()]) learner.delete(client, 1);
    expect(learner.pipeline.inFlight).toBe(2);
    learner.expireAll();
    expect(learner.pipeline.inFlight).toBe(0);
    learner.answerAll();
    expect([learner.pipeline.inFlight, learner.sessions.size]).toEqual([0, 0]);
  });

  it('forgets them when nobody was connected any more', () => {
    const client = learner.client();
    learner.delete(client, 1);
    learner.pipeline.remove(client);
    expect(learner.pipeline.inFlight).toBe(1);
    learner.expireAll();
    expect(learner.pipeline.inFlight).toBe(0);
  });

  it('forgets them when a later connection of the session ends it', () => {
    const first = learner.client();
    learner.delete(first, 1);
    learner.pipeline.remove(first);
    const later = learner.client();
    later.session = first.session;
    later.session!.owner = later;
    learner.close(later, 1);
    learner.pipeline.remove(later);
    expect(learner.pipeline.inFlight).toBe(0);
  });

  it('ends a session once that was to end when its writes were over, and expired before', () => {
    const client = learner.client();
    learner.delete(client, 1);
    learner.close(client, 2);
    learner.expireAll();
    learner.answerAll();
    expect(learner.ended).toEqual(['created', 'expired']);
    expect(client.writesDone).toBe(client.writesIssued);
  });

  it('ends one when its writes are over', () => {
    const client = learner.client();
    learner.delete(client, 1);
    learner.close(client, 2);
    learner.answerAll();
    expect([learner.ended, learner.pipeline.inFlight]).toEqual([['created', 'closed'], 0]);
  });

  it('keeps a session that wants an ephemeral local where sessions are not upgraded, and refuses that', () => {
    learner = new Learner({ areUpgraded: false });
    const client = learner.client();
    learner.createEphemeral(client, 1);
    expect([learner.forwarded, client.session!.isLocal]).toEqual([[], true]);
    expect(client.outbox.bytes[client.outbox.length - 1]).toBe(ErrorCode.EPHEMERALONLOCALSESSION & 0xff);
  });

  it('no longer looks after the time of a session once the leader does, for the sake of an ephemeral', () => {
    const client = learner.client();
    learner.createEphemeral(client, 1);
    expect(learner.forwarded.map(({ cxid }) => cxid)).toEqual([0, 1]);
    expect(client.session!.isLocal).toBe(false);
    learner.expireAll();
    expect(learner.ended).toEqual(['created']);
    expect(client.session!.isAlive).toBe(true);
  });
});
