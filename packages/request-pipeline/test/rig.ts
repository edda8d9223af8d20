import type { AuthProviders } from '@zk/contracts';
import { DataTree, WatchTable } from '@zk/data-tree';
import {
  type MultiResult,
  type OperationName,
  type OperationTypes,
  RecordReader,
  RecordWriter,
  operations,
  readLoggedTxn,
  readMultiResponse,
  readReplyHeader,
  readWatcherEvent,
  type LoggedTxn,
} from '@zk/jute';
import { Xid, errorName } from '@zk/model';
import { type Session, SessionTracker, sessionPassword } from '@zk/session';
import type { Overlay } from '../src/overlay.js';
import {
  Client,
  type ClientConnection,
  type ClientPipeline,
  Outbox,
  type PipelineOptions,
  RequestPipeline,
} from '../src/index.js';

/** Nobody can prove anything. */
const noProviders: AuthProviders = { get: () => undefined, initialIds: () => [] };

const defaults: PipelineOptions = {
  extendedTypes: true,
  enforceQuota: false,
  skipAcl: false,
  maxTxnBytes: 2 * 0xfffff,
  digestEnabled: true,
  closeSessionTxnEnabled: true,
  reconfigEnabled: false,
  minSessionTimeoutMs: 2000,
  maxSessionTimeoutMs: 20_000,
  requiredSchemes: [],
  maxHeldReplyBytes: 1_000_000,
};

interface Proposal {
  readonly hi: number;
  readonly lo: number;
  readonly txn: LoggedTxn;
  readonly bytes: Uint8Array;
}

/** A pipeline, and what time it is. */
export interface Served {
  readonly pipeline: ClientPipeline;
  readonly nowMs: number;
}

/**
 * The pipeline alone: frames go in by hand, the log is a list, and what is committed is up to the test. Nothing happens
 * by itself: no turn of the event loop passes.
 */
export class Rig {
  readonly tree: DataTree;
  readonly watches: WatchTable;
  readonly sessions: SessionTracker;
  readonly pipeline: RequestPipeline;
  /** Proposed and not committed. */
  readonly log: Proposal[] = [];
  readonly ended: string[] = [];
  readonly digestMismatches: string[] = [];
  nowMs = 1_000;
  private nextWatcher = 0;

  constructor(options: Partial<PipelineOptions> = {}) {
    this.tree = new DataTree({ onDigestMismatch: (hi, lo) => this.digestMismatches.push(`${hi}:${lo}`) });
    this.watches = new WatchTable(this.tree, (...event) => this.pipeline.deliver(...event));
    this.tree.listener = this.watches;
    this.sessions = new SessionTracker({
      tickTimeMs: 1_000,
      serverId: 1,
      startMs: 5,
      onExpire: (session) => this.pipeline.expireSession(session, this.nowMs),
    });
    this.pipeline = new RequestPipeline(
      {
        tree: this.tree,
        watches: this.watches,
        sessions: this.sessions,
        providers: noProviders,
        clock: { wallMs: () => 1_770_000_000_000 + this.nowMs, monotonicMs: () => this.nowMs },
        proposer: {
          propose: (hi, lo, bytes, start, end) => {
            const copy = bytes.slice(start, end);
            this.log.push({ hi, lo, txn: readLoggedTxn(new RecordReader(copy)), bytes: copy });
          },
        },
        onSession: (kind: string, session: Session) => this.ended.push(`${kind} ${session.idLo & 0xffff}`),
      },
      { ...defaults, ...options },
    );
  }

  /** What was proposed since, by kind. */
  get kinds(): string[] {
    return this.log.map(({ txn }) => txn.body.kind);
  }

  /** Records in the overlay: 0 when nothing is on its way. */
  get pendingRecords(): number {
    const { overlay } = Reflect.get(this.pipeline, 'preparer') as { overlay: Overlay };
    return overlay.count;
  }

  /** A connection with a session of its own. */
  client(): TestClient {
    const client = this.dial();
    client.connect();
    this.commitAll();
    client.takeReplies();
    return client;
  }

  /** A connection. */
  dial(): TestClient {
    const client = new TestClient(this, this.nextWatcher++);
    this.pipeline.add(client.client);
    return client;
  }

  /** The first `count` proposals become durable. */
  commit(count = 1): void {
    const last = this.log.splice(0, count).at(-1);
    if (last !== undefined) this.pipeline.commit(last.hi, last.lo, this.nowMs);
  }

  commitAll(): void {
    this.commit(this.log.length);
  }

  /** The log loses what is not committed. */
  abandon(): void {
    this.log.length = 0;
    this.pipeline.abandon(this.nowMs);
  }

  recover(): void {
    this.pipeline.acceptsWrites = true;
  }
}

export class TestClient implements ClientConnection {
  readonly peer = { remoteAddress: '127.0.0.1' };
  readonly client: Client;
  /** What the pipeline did to the connection. */
  readonly done: string[] = [];
  private readonly requests = new Map<number, OperationName>();
  private nextXid = 1;
  private awaitsConnectResponse = true;

  constructor(
    private readonly rig: Served,
    watcher: number,
  ) {
    const host = {
      borrowedBytes: 0,
      borrow(minimum: number) {
        const buffer = new Uint8Array(Math.max(minimum, 1024));
        this.borrowedBytes += buffer.length;
        return buffer;
      },
      giveBack(buffer: Uint8Array) {
        this.borrowedBytes -= buffer.length;
      },
      filled: () => undefined,
    };
    this.client = new Client(watcher, new Outbox(host, this), this, []);
  }

  closeAfterFlush(): void {
    this.done.push('closeAfterFlush');
  }

  closeNow(): void {
    this.done.push('closeNow');
  }

  established(): void {
    this.done.push('established');
  }

  /** Asks for a new session, or for one that there is. */
  connect(session?: Pick<Session, 'id' | 'idHi' | 'idLo'>, { knowsPassword = true } = {}): void {
    const password = new Uint8Array(16);
    if (session !== undefined && knowsPassword) sessionPassword(session.idHi, session.idLo, password, 0);
    const writer = new RecordWriter()
      .int32(0)
      .int64(0n)
      .int32(5_000)
      .int64(session?.id ?? 0n)
      .buffer(password)
      .byte(0);
    const frame = writer.bytes();
    this.rig.pipeline.connect(this.client, frame, 0, frame.length, this.rig.nowMs);
  }

  /** Submits a request; its name and path come back with its reply. */
  send<N extends OperationName>(name: N, request: OperationTypes[N]['request']): void {
    const xid = this.nextXid++;
    this.requests.set(xid, name);
    const writer = new RecordWriter().int32(xid).int32(operations[name].code);
    operations[name].writeRequest(writer, request);
    this.submit(writer.bytes());
  }

  /** Submits a request without a body. */
  sendBare(xid: number, op: number): void {
    this.submit(new RecordWriter().int32(xid).int32(op).bytes());
  }

  /** Submits a frame; it is scribbled over afterwards, as a read buffer is. */
  submit(frame: Uint8Array): void {
    const bytes = frame.slice();
    this.rig.pipeline.submit(this.client, bytes, 0, bytes.length, this.rig.nowMs);
    bytes.fill(0xdb);
  }

  /** The connection is gone. */
  leave(): void {
    this.rig.pipeline.remove(this.client);
  }

  /** The results of the multis that were answered since the last call; other replies are passed over. */
  takeResults(): string[][] {
    const results: string[][] = [];
    for (const frame of this.takeFrames()) {
      const { xid } = readReplyHeader(frame);
      if (this.requests.get(xid) === 'multi') results.push(readMultiResponse(frame).results.map(shown));
    }
    return results;
  }

  private takeFrames(): RecordReader[] {
    const { outbox } = this.client;
    const reader = new RecordReader(outbox.bytes, 0, outbox.length);
    const frames: RecordReader[] = [];
    while (reader.remaining > 0) {
      const length = reader.int32();
      frames.push(new RecordReader(outbox.bytes.slice(reader.position, reader.position + length)));
      reader.skip(length);
    }
    outbox.clear();
    return frames;
  }

  /** Frames in the outbox since the last call, as `name outcome` or `event type path`. */
  takeReplies(): string[] {
    const replies: string[] = [];
    for (const frame of this.takeFrames()) {
      if (this.awaitsConnectResponse) {
        this.awaitsConnectResponse = false;
        replies.push('connected');
        continue;
      }
      const { xid, err } = readReplyHeader(frame);
      if (xid === Xid.notification) {
        const { type, path } = readWatcherEvent(frame);
        replies.push(`event ${type} ${path}`);
      } else {
        replies.push(`${this.requests.get(xid) ?? xid} ${errorName(err)}`);
      }
    }
    return replies;
  }
}

function shown(result: MultiResult): string {
  if (result.op === 'create') return `create ${result.path}`;
  if (result.op === 'setData') return `setData ${result.stat.version}`;
  return result.op === 'error' ? `error ${errorName(result.err)}` : result.op;
}
