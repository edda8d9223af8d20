import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { QuorumPacket } from '@zk/jute';
import {
  type InitialMessage,
  type Notification,
  ElectionStream,
  PacketStream,
  SNAPSHOT_SIGNATURE,
} from '../src/index.js';

const folder = join(__dirname, 'fixtures', 'quorum');

export interface Recorded {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the recording's maker read in it. */
  readonly meaning: readonly Record<string, unknown>[];
}

export function recorded(name: string): Recorded {
  const meaning = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Record<string, unknown>[];
  return { name, bytes: new Uint8Array(readFileSync(join(folder, `${name}.bin`))), meaning };
}

export function recordings(kind: 'election' | 'learner'): string[] {
  return readdirSync(folder).flatMap((scene) =>
    readdirSync(join(folder, scene))
      .filter((file) => file.includes(`-${kind}-`) && file.endsWith('.bin'))
      .map((file) => join(scene, file.slice(0, -'.bin'.length))),
  );
}

/** Cuts bytes into pieces of these lengths, over and over. */
export function* pieces(bytes: Uint8Array, lengths: readonly number[]): Iterable<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length]!;
    yield bytes.slice(at, at + length);
    at += length;
  }
}

export type Read = { readonly packet: QuorumPacket } | { readonly snapshotBytes: number };

const signature = new TextEncoder().encode(SNAPSHOT_SIGNATURE);

/** All packets of one direction; a snapshot ends with its signature. */
export function readPackets(bytes: Uint8Array, lengths: readonly number[] = [bytes.length]): Read[] {
  const read: Read[] = [];
  let snapshot: number[] = [];
  const stream = new PacketStream({
    onPackets: (packets) => {
      for (const packet of packets) read.push({ packet: { ...packet, data: packet.data?.slice() ?? null } });
    },
    onSnapshot: (piece) => {
      const before = snapshot.length;
      snapshot.push(...piece);
      const end = endOfSignature(snapshot);
      if (end === undefined) return undefined;
      read.push({ snapshotBytes: end });
      snapshot = [];
      return end - before;
    },
  });
  for (const piece of pieces(bytes, lengths)) {
    const reason = stream.push(piece, 0, piece.length);
    if (reason !== undefined) throw new Error(reason);
    // Nothing that was handed out may still be looked at.
    piece.fill(0xee);
  }
  return read;
}

function endOfSignature(bytes: readonly number[]): number | undefined {
  for (let end = signature.length; end <= bytes.length; end++) {
    if (signature.every((byte, i) => bytes[end - signature.length + i] === byte)) return end;
  }
  return undefined;
}

export function readElection(
  bytes: Uint8Array,
  expectsInitial: boolean,
  lengths: readonly number[] = [bytes.length],
): { initial: InitialMessage | undefined; notifications: Notification[] } {
  let initial: InitialMessage | undefined;
  const notifications: Notification[] = [];
  const stream = new ElectionStream(
    { onInitial: (message) => (initial = message), onNotification: (n) => notifications.push(n) },
    expectsInitial,
  );
  for (const piece of pieces(bytes, lengths)) {
    const reason = stream.push(piece, 0, piece.length);
    if (reason !== undefined) throw new Error(reason);
    piece.fill(0xee);
  }
  return { initial, notifications };
}
