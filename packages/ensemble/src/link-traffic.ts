import type { QuorumPacket } from '@zk/jute';
import { hex64 } from '@zk/model';
import { type LinkId, PacketType } from '@zk/zab';

/** One connection between a leader and a learner, and what it has carried; a plain copy, ready for JSON. */
export interface LinkStatus extends TrafficCounts {
  readonly link: LinkId;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly establishedWallMs: number;
  /** What the connection has not taken yet. */
  readonly queuedPackets: number;
  readonly queuedBytes: number;
}

export interface TrafficCounts {
  /** Acknowledgements that came in one piece count once. */
  readonly packetsReceived: number;
  readonly packetsSent: number;
  /** Of `packetsReceived`, those of clients of the learner. */
  readonly requestsReceived: number;
  /** Of the last packet sent that has a zxid, hexadecimal; 0 before there was one. */
  readonly lastSentZxid: string;
}

/** Counts what a connection carries, since it was made or since the counts were set back. */
export class LinkTraffic {
  private received = 0;
  private sent = 0;
  private requests = 0;
  private lastSentZxid = 0n;

  packetsReceived(packets: readonly QuorumPacket[]): void {
    this.received += packets.length;
    for (const { type } of packets) if (type === PacketType.REQUEST) this.requests++;
  }

  packetsQueued(packets: readonly QuorumPacket[]): void {
    this.lastSentZxid = packets.findLast(({ zxid }) => zxid > 0n)?.zxid ?? this.lastSentZxid;
  }

  packetsSent(count: number): void {
    this.sent += count;
  }

  /** The zxid stays: it is no count. */
  reset(): void {
    this.received = this.sent = this.requests = 0;
  }

  get counts(): TrafficCounts {
    return {
      packetsReceived: this.received,
      packetsSent: this.sent,
      requestsReceived: this.requests,
      lastSentZxid: hex64(this.lastSentZxid),
    };
  }
}
