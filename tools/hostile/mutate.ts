/** Turns valid requests into almost valid ones. */
import { readFileSync } from 'node:fs';
import type { SeededRandom } from '../lib/random.js';
import { frame } from '../lib/wire.js';

interface RecordedRequest {
  readonly what: string;
  /** Payload in hex: header and body. */
  readonly request: string;
}

/** Requests recorded from clients of Apache ZooKeeper 3.9.5. */
export function loadCorpus(): Buffer[] {
  const file = new URL('./corpus/requests.json', import.meta.url);
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as RecordedRequest[];
  return recorded.map(({ request }) => Buffer.from(request, 'hex'));
}

const telling = [
  0, 1, -1, -2, 4, 0x7f, 0xff, 0x7fff, 0xffff, 0xfffff, 0x100000, 0x7fffffff, -0x80000000, 0x41414141,
] as const;
const opcodes = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 101, 103, 104, 105, 106, 107,
] as const;

/** A whole frame. One in ten is left as recorded, one in forty says a wrong length. */
export function mutatedFrame(random: SeededRandom, corpus: readonly Buffer[]): Buffer {
  let payload: Buffer = Buffer.from(random.pick(corpus));
  const rounds = random.chance(0.1) ? 0 : random.between(1, 3);
  for (let i = 0; i < rounds; i++) payload = mutate(random, payload, corpus);
  const whole = frame(payload);
  if (random.chance(0.025))
    whole.writeInt32BE(random.chance(0.5) ? payload.length + random.between(-8, 8) : random.pick(telling), 0);
  return whole;
}

function mutate(random: SeededRandom, payload: Buffer, corpus: readonly Buffer[]): Buffer {
  const bytes = Buffer.from(payload);
  switch (random.below(8)) {
    case 0:
      for (let i = random.between(1, 4); i > 0 && bytes.length > 0; i--) flipBit(random, bytes);
      return bytes;
    case 1:
      if (bytes.length >= 12) bytes.writeInt32BE(random.pick(telling), 8 + 4 * random.below((bytes.length - 8) >> 2));
      return bytes;
    case 2:
      return bytes.subarray(0, random.below(bytes.length + 1));
    case 3:
      return Buffer.concat([bytes, random.bytes(random.below(64))]);
    case 4:
      if (bytes.length >= 8) bytes.writeInt32BE(random.chance(0.9) ? random.pick(opcodes) : random.next32() | 0, 4);
      return bytes;
    case 5: {
      const other = random.pick(corpus);
      const cut = random.below(Math.min(bytes.length, other.length) + 1);
      return Buffer.concat([bytes.subarray(0, cut), other.subarray(cut)]);
    }
    case 6: {
      // Bytes of the path, which begins behind header and length in most requests.
      const at = 12 + random.below(8);
      if (at < bytes.length) bytes[at] = random.pick([0, 0x2e, 0x2f, 0x20, 0x7f, 0x80, 0xc0, 0xff, 0xed, 0x61]);
      return bytes;
    }
    default:
      if (bytes.length > 8) random.bytes(bytes.length - 8).copy(bytes, 8);
      return bytes;
  }
}

function flipBit(random: SeededRandom, bytes: Buffer): void {
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
}
