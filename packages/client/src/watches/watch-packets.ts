import type { PersistentWatch } from './persistent-watch.js';
import type { WatchedPaths } from './one-shot-watches.js';

/** One request that sets watches again. */
export interface WatchPacket {
  readonly data: string[];
  readonly exist: string[];
  readonly children: string[];
  readonly persistent: PersistentWatch[];
  readonly recursive: PersistentWatch[];
  sizeBytes: number;
}

/** As in Apache's client. A server closes the connection over a request that is too long, and would do so for ever. */
export const MAX_PACKET_BYTES = 128 * 1024;
const HEADER_BYTES = 64;
const encoder = new TextEncoder();

/**
 * Watches to set again, in as many packets as it takes. Guard of 'a hundred thousand watches are set again in packets
 * below 128 KiB' in test/faults/watches.spec.ts.
 */
export function watchPackets(
  oneShot: WatchedPaths,
  persistent: readonly PersistentWatch[],
  recursive: readonly PersistentWatch[],
): WatchPacket[] {
  const packets: WatchPacket[] = [];
  const packetFor = (path: string): WatchPacket => {
    const sizeBytes = 4 + (isShort(path) ? 3 * path.length : encoder.encode(path).length);
    let packet = packets.at(-1);
    if (packet === undefined || packet.sizeBytes + sizeBytes > MAX_PACKET_BYTES) {
      packet = { data: [], exist: [], children: [], persistent: [], recursive: [], sizeBytes: HEADER_BYTES };
      packets.push(packet);
    }
    packet.sizeBytes += sizeBytes;
    return packet;
  };
  for (const path of oneShot.data) packetFor(path).data.push(path);
  for (const path of oneShot.exist) packetFor(path).exist.push(path);
  for (const path of oneShot.children) packetFor(path).children.push(path);
  for (const watch of persistent) packetFor(watch.path).persistent.push(watch);
  for (const watch of recursive) packetFor(watch.path).recursive.push(watch);
  return packets;
}

/** Short enough to count three bytes for each character, which is never too few. */
function isShort(path: string): boolean {
  return path.length < 32;
}
