import type { QuorumPacket } from '@zk/jute';
import type { LearnerLink } from './learner-link.js';
import { clientRequestOf, touchesOf } from './packets.js';
import type { PeerContext } from './peer-context.js';
import { PacketType } from './wire.js';

/**
 * What learners pass on for their clients goes to the leader's sessions and pipeline.
 * @returns why the connection must be closed, if it must
 */
export function relay(context: PeerContext, learner: LearnerLink, packet: QuorumPacket): string | undefined {
  const { link } = learner;
  switch (packet.type) {
    case PacketType.PING:
      for (const touch of touchesOf(packet)) context.outputs.push({ kind: 'touched', link, ...touch });
      return undefined;
    case PacketType.REVALIDATE:
      for (const touch of touchesOf(packet)) context.outputs.push({ kind: 'revalidate', link, ...touch });
      return undefined;
    case PacketType.REQUEST: {
      const request = clientRequestOf(packet);
      if (request === undefined || learner.stage !== 'up') return 'expected no REQUEST';
      context.outputs.push({ kind: 'request', link, server: learner.server!, request });
      return undefined;
    }
    default:
      // As Apache does: a packet it does not know is ignored.
      return undefined;
  }
}
