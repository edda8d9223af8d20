import { type QuorumPacket, copyBytes } from '@zk/jute';
import { packetBytes, writePacket } from '@zk/zab';

/** Packets are sent together up to this size. */
const BATCH_BYTES = 64 << 10;
const FIRST_BYTES = 4 << 10;

/** Packets that will be sent with one write. */
export class PacketBuffer {
  bytes = new Uint8Array(FIRST_BYTES);
  length = 0;
  /** Of packets. */
  count = 0;

  /** @returns false when there is no room: the packet belongs into another one */
  add(packet: QuorumPacket): boolean {
    if (!this.reserve(packetBytes(packet))) return false;
    this.length = writePacket(packet, this.bytes, this.length);
    this.count++;
    return true;
  }

  clear(): void {
    this.length = this.count = 0;
  }

  /** A packet that is longer than a batch gets one of its own. */
  private reserve(count: number): boolean {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return true;
    if (needed > BATCH_BYTES && this.length > 0) return false;
    const larger = new Uint8Array(Math.max(needed, Math.min(2 * this.bytes.length, BATCH_BYTES)));
    copyBytes(this.bytes, 0, this.length, larger, 0);
    this.bytes = larger;
    return true;
  }
}
