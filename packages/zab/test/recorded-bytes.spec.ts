import { hex64 } from '@zk/model';
import { EnsembleConfig } from '@zk/quorum';
import {
  type Notification,
  decodeInitialMessage,
  decodeNotification,
  encodeInitialMessage,
  encodeNotification,
  encodePacket,
  keepsDialled,
} from '../src/index.js';
import { readElection, readPackets, recorded, recordings } from './recordings.js';

/** Bytes recorded from Apache ZooKeeper 3.9.5 (and 3.8.0): read, compared with what they mean, and written again. */
describe('what learners and leaders said to each other', () => {
  it.each(recordings('learner'))('%s', (name) => {
    const { bytes, meaning } = recorded(name);
    const read = readPackets(bytes);
    const expected = meaning.filter((item) => item['type'] !== undefined || item['snapshotStream'] !== undefined);
    expect(read.length).toBe(expected.length);
    read.forEach((item, i) => {
      const { type, zxid, offset, packetLen } = expected[i] as {
        type?: number;
        zxid: string;
        offset: number;
        packetLen: number;
      };
      if (!('packet' in item)) return expect(type).toBeUndefined();
      expect([item.packet.type, `0x${hex64(item.packet.zxid)}`]).toEqual([type, zxid]);
      const again = encodePacket(item.packet);
      expect(Buffer.from(again)).toEqual(Buffer.from(bytes.slice(offset, offset + packetLen)));
    });
    for (const lengths of [[1], [7, 1, 64], [20]]) expect(readPackets(bytes, lengths)).toEqual(read);
  });
});

describe('what servers said in elections', () => {
  it.each(recordings('election'))('%s', (name) => {
    const { bytes, meaning } = recorded(name);
    const expectsInitial = name.endsWith('dialer') && meaning[0]!['protocolVersion'] !== undefined;
    const read = readElection(bytes, expectsInitial);
    const votes = meaning.filter((item) => item['state'] !== undefined);
    expect(read.notifications.length).toBe(votes.length);
    const parts: Uint8Array[] = [];
    if (read.initial !== undefined) {
      expect(`${read.initial.server} ${read.initial.addresses.join('|')}`).toBe(
        `${meaning[0]!['sid']} ${meaning[0]!['addr']}`,
      );
      parts.push(encodeInitialMessage(read.initial));
    }
    read.notifications.forEach((vote, i) => {
      const expected = votes[i]!;
      expect(vote.state.toUpperCase()).toBe(expected['stateName']);
      expect(`0x${hex64(vote.zxid)}`).toBe(expected['zxid']);
      expect([Number(vote.round), vote.config]).toEqual([expected['electionEpoch'], expected['config']]);
      expect(EnsembleConfig.parse(vote.config!).text).toBe(vote.config);
      const message = encodeNotification(vote);
      const length = new Uint8Array(4);
      new DataView(length.buffer).setInt32(0, message.length);
      parts.push(length, message);
    });
    expect(Buffer.concat(parts)).toEqual(Buffer.from(bytes));
    for (const lengths of [[1], [35, 3, 11]]) expect(readElection(bytes, expectsInitial, lengths)).toEqual(read);
  });
});

describe('a notification', () => {
  const full: Notification = {
    state: 'looking',
    leader: -(1n << 63n),
    zxid: -1n,
    round: 1n << 60n,
    peerEpoch: 0xffff_ffffn,
    version: 2,
    config: 'server.1=ü:1:2:participant\nversion=0',
  };
  const bytes = encodeNotification(full);

  it('survives the wire with every bit', () => {
    expect(decodeNotification(bytes)).toEqual(full);
  });

  it.each([
    [27, undefined],
    [28, { version: 0, peerEpoch: -1n, config: null }],
    [36, undefined],
    [40, { version: 0, peerEpoch: 0xffff_ffffn, config: null }],
    [43, undefined],
    [50, undefined],
  ])('of %i bytes is read as Apache reads it', (length, expected) => {
    const read = decodeNotification(bytes.slice(0, length));
    if (expected === undefined) expect(read).toBeUndefined();
    else expect(read).toMatchObject(expected);
  });

  it('in a state nobody knows is skipped', () => {
    expect(decodeNotification(Uint8Array.from(bytes, (byte, i) => (i === 3 ? 9 : byte)))).toBeUndefined();
  });
});

describe('an initial message', () => {
  const encoded = encodeInitialMessage({ server: 2n, addresses: ['a:1', '[::1]:2', '0.0.0.0:3'] }, true);

  it('has several addresses in its second form; wildcards say nothing', () => {
    expect(decodeInitialMessage(encoded)).toEqual({
      message: { server: 2n, addresses: ['a:1', '[::1]:2'] },
      lengthBytes: encoded.length,
    });
  });

  it('may be a bare id, as before 3.5', () => {
    expect(decodeInitialMessage(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 7]))).toMatchObject({ message: { server: 7n } });
  });

  it.each([
    ['another version', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['no address', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['a long address', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 9, 0]],
    ['no port', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0x61]],
  ])('with %s is refused', (_what, bytes) => {
    expect(decodeInitialMessage(new Uint8Array(bytes))).toBe('refused');
  });

  it('is waited for', () => {
    for (let end = 0; end < encoded.length; end++) expect(decodeInitialMessage(encoded, 0, end)).toBe('incomplete');
  });
});

it('keeps one connection between two servers: the one that the larger id dialled', () => {
  expect([keepsDialled(3n, 1n), keepsDialled(1n, 3n), keepsDialled(-5n, -6n)]).toEqual([true, false, true]);
});

it.each([
  ['a negative length', [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0]],
  ['a huge length', [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0]],
])('refuses a packet with %s', (_what, bytes) => {
  expect(() => readPackets(new Uint8Array(bytes))).toThrow('not a quorum packet');
});
