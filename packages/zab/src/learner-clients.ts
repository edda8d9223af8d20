import type { QuorumPacket } from '@zk/jute';
import { OpCode, type SessionId } from '@zk/model';
import type { PeerOutput } from './messages.js';
import { packets, revalidatedOf } from './packets.js';
import type { ServingInput } from './role.js';
import { PacketType } from './wire.js';

/** Who asked whether a session lives, and hears of it. */
interface Revalidation {
  readonly sessionId: SessionId;
  readonly answer: (isValid: boolean) => void;
}

/**
 * What the clients of a learner want, and only the leader can give (spec: learner protocol, section 7). A follower asks
 * for its own clients and, where it serves observers, for theirs: the leader cannot tell them apart.
 */
export class LearnerClients {
  /** Sessions that were heard of since the last ping, with their timeouts. */
  private readonly touched = new Map<SessionId, number>();
  private readonly pendingSyncs: (() => void)[] = [];
  private readonly pendingRevalidations: Revalidation[] = [];

  constructor(
    private readonly push: (output: PeerOutput) => void,
    private readonly send: (packet: QuorumPacket) => void,
  ) {}

  serve(input: ServingInput): void {
    switch (input.kind) {
      case 'forward':
        return this.send(packets.request(input.request));
      case 'sync': {
        const { tag, request = SYNC_OF_NOBODY } = input;
        return this.sync(packets.request(request), () => this.push({ kind: 'synced', tag }));
      }
      case 'touch':
        return this.touch(input.sessionId, input.timeoutMs);
      case 'revalidate': {
        const { sessionId, timeoutMs } = input;
        return this.revalidate(sessionId, timeoutMs, (isValid) => {
          this.push({ kind: 'revalidated', sessionId, isValid });
        });
      }
      default:
        return;
    }
  }

  /** A client has been heard: the leader is told with the next ping. */
  touch(sessionId: SessionId, timeoutMs: number): void {
    this.touched.set(sessionId, timeoutMs);
  }

  /** @param request a client's, for a sync */
  sync(request: QuorumPacket, answer: () => void): void {
    this.pendingSyncs.push(answer);
    this.send(request);
  }

  revalidate(sessionId: SessionId, timeoutMs: number, answer: (isValid: boolean) => void): void {
    this.pendingRevalidations.push({ sessionId, answer });
    this.send(packets.revalidate(sessionId, timeoutMs));
  }

  receive(packet: QuorumPacket): void {
    switch (packet.type) {
      case PacketType.PING:
        this.send(packets.pong(packet, this.touched));
        this.touched.clear();
        return;
      case PacketType.SYNC:
        // Everything the leader had committed came before it, and is applied.
        return this.pendingSyncs.shift()?.();
      case PacketType.REVALIDATE:
        return this.receiveRevalidated(packet);
      default:
        return;
    }
  }

  /** Answers come in the order of the questions; of two about one session, the first is for who asked first. */
  private receiveRevalidated(packet: QuorumPacket): void {
    const reply = revalidatedOf(packet);
    if (reply === undefined) return;
    const index = this.pendingRevalidations.findIndex(({ sessionId }) => sessionId === reply.sessionId);
    if (index >= 0) this.pendingRevalidations.splice(index, 1)[0]!.answer(reply.isValid);
  }
}

/** A path is all there is to a sync, and the leader does not look at it. */
const SYNC_OF_NOBODY = {
  sessionId: 0n,
  cxid: 0,
  opcode: OpCode.sync,
  body: new Uint8Array([0, 0, 0, 1, 0x2f]),
  ids: null,
};
