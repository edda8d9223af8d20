import type { QuorumPacket } from '@zk/jute';
import { OpCode, type SessionId } from '@zk/model';
import type { PeerOutput } from './messages.js';
import { packets, revalidatedOf } from './packets.js';
import type { ServingInput } from './role.js';
import { PacketType } from './wire.js';

/** What the clients of a learner want, and only the leader can give (spec: learner protocol, section 7). */
export class LearnerClients {
  /** Sessions that were heard of since the last ping, with their timeouts. */
  private readonly touched = new Map<SessionId, number>();
  private readonly pendingSyncs: number[] = [];

  constructor(
    private readonly push: (output: PeerOutput) => void,
    private readonly send: (packet: QuorumPacket) => void,
  ) {}

  serve(input: ServingInput): void {
    switch (input.kind) {
      case 'forward':
        return this.send(packets.request(input.request));
      case 'sync':
        this.pendingSyncs.push(input.tag);
        return this.send(packets.request(input.request ?? SYNC_OF_NOBODY));
      case 'touch':
        this.touched.set(input.sessionId, input.timeoutMs);
        return;
      case 'revalidate':
        return this.send(packets.revalidate(input.sessionId, input.timeoutMs));
      default:
        return;
    }
  }

  receive(packet: QuorumPacket): void {
    switch (packet.type) {
      case PacketType.PING:
        this.send(packets.pong(packet, this.touched));
        this.touched.clear();
        return;
      case PacketType.SYNC:
        return this.receiveSync();
      case PacketType.REVALIDATE: {
        const answer = revalidatedOf(packet);
        if (answer !== undefined) this.push({ kind: 'revalidated', ...answer });
        return;
      }
      default:
        return;
    }
  }

  /** Everything the leader had committed came before it, and is applied. */
  private receiveSync(): void {
    const tag = this.pendingSyncs.shift();
    if (tag !== undefined) this.push({ kind: 'synced', tag });
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
