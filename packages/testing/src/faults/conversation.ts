import { readInt32 } from '@zk/jute';
import { type SessionId, int64 } from '@zk/model';
import { HeaderScanner, type Verdict } from './header-scanner.js';
import { type RequestKind, kindOf } from './request-kinds.js';

/** A request that was seen on its way to a server. */
export interface SeenRequest {
  readonly kind: RequestKind | undefined;
  /** 0 for `connect`. */
  readonly xid: number;
  /** As on the wire; 0 for `connect`. */
  readonly op: number;
  /** Undefined before the server has granted a session. */
  readonly sessionId: SessionId | undefined;
  readonly lengthBytes: number;
}

/** @param port of the server */
export interface Judge {
  request(request: SeenRequest, port: number): Verdict;
  reply(request: SeenRequest, port: number): Verdict;
}

/** A request shows its xid and its op, a reply its xid. */
const REQUEST_HEADER_BYTES = 8;
/** The first frames show the session: version, lastZxidSeen, timeout, session id; and version, timeout, session id. */
const CONNECT_REQUEST_HEADER_BYTES = 24;
const CONNECT_RESPONSE_HEADER_BYTES = 16;
const SESSION_ID_BYTES = 8;

/** What a connection says, as far as the headers tell: whose it is, and which reply belongs to which request. */
export class Conversation {
  readonly requests: HeaderScanner;
  readonly replies: HeaderScanner;
  sessionId: SessionId | undefined;
  private connect: SeenRequest | undefined;
  private isConnectAnswered = false;
  /** Requests without a reply, by xid. */
  private readonly waiting = new Map<number, SeenRequest[]>();

  constructor(
    private readonly judge: Judge,
    /** Of the server. */
    readonly port: number,
  ) {
    this.requests = new HeaderScanner(
      (header, length) => this.request(header, length),
      () => (this.connect === undefined ? CONNECT_REQUEST_HEADER_BYTES : REQUEST_HEADER_BYTES),
    );
    this.replies = new HeaderScanner(
      (header) => this.reply(header),
      () => CONNECT_RESPONSE_HEADER_BYTES,
    );
  }

  private request(header: Uint8Array, lengthBytes: number): Verdict {
    if (this.connect === undefined) {
      this.sessionId = sessionIdAtEndOf(header, CONNECT_REQUEST_HEADER_BYTES);
      this.connect = { kind: 'connect', xid: 0, op: 0, sessionId: this.sessionId, lengthBytes };
      return this.judge.request(this.connect, this.port);
    }
    if (header.length < REQUEST_HEADER_BYTES) return 'pass';
    const [xid, op] = [readInt32(header, 0), readInt32(header, 4)];
    const request: SeenRequest = { kind: kindOf(op), xid, op, sessionId: this.sessionId, lengthBytes };
    const queue = this.waiting.get(xid);
    if (queue === undefined) this.waiting.set(xid, [request]);
    else queue.push(request);
    return this.judge.request(request, this.port);
  }

  private reply(header: Uint8Array): Verdict {
    if (!this.isConnectAnswered) {
      this.isConnectAnswered = true;
      this.sessionId = sessionIdAtEndOf(header, CONNECT_RESPONSE_HEADER_BYTES);
      return this.judged(this.connect);
    }
    if (header.length < 4) return 'pass';
    const xid = readInt32(header, 0);
    const queue = this.waiting.get(xid);
    const request = queue?.shift();
    if (queue?.length === 0) this.waiting.delete(xid);
    return this.judged(request);
  }

  private judged(request: SeenRequest | undefined): Verdict {
    return request === undefined ? 'pass' : this.judge.reply({ ...request, sessionId: this.sessionId }, this.port);
  }
}

/** Undefined where the header is cut short, or asks for a new session, or refuses one. */
function sessionIdAtEndOf(header: Uint8Array, lengthBytes: number): SessionId | undefined {
  if (header.length < lengthBytes) return undefined;
  const at = lengthBytes - SESSION_ID_BYTES;
  const id = int64(readInt32(header, at), readInt32(header, at + 4));
  return id === 0n ? undefined : id;
}
