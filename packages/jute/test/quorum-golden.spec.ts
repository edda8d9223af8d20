import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { QuorumPacket } from '../src/index.js';
import {
  RecordReader,
  RecordWriter,
  operationOf,
  readAckEpoch,
  readDesignatedLeader,
  readForwardedRequest,
  readLeaderInfo,
  readLearnerInfo,
  readLoggedTxn,
  readQuorumPacket,
  readRevalidateReply,
  readSessionTouch,
  writeAckEpoch,
  writeDesignatedLeader,
  writeForwardedRequest,
  writeLeaderInfo,
  writeLearnerInfo,
  writeLoggedTxn,
  writeQuorumPacket,
  writeRevalidateReply,
  writeSessionTouch,
} from '../src/index.js';
import { fixture, inTheFormOf, jsonFixture, toHex } from './recording.js';

interface DecodedPacket {
  readonly offset: number;
  readonly name?: string;
  readonly type: number;
  readonly zxid: string;
  readonly packetLen: number;
  readonly payload?: { readonly hdr: unknown; readonly digest?: unknown };
  readonly snapshotStream?: unknown;
}

const directory = path.join(__dirname, 'fixtures/quorum');
const streams = readdirSync(directory).filter((name) => name.endsWith('.bin'));

type Copy = (reader: RecordReader, writer: RecordWriter, packet: DecodedPacket) => void;

const copyTxn: Copy = (reader, writer, packet) => {
  const txn = readLoggedTxn(reader);
  expect(inTheFormOf(packet.payload!.digest, txn.digest)).toEqual(packet.payload!.digest);
  writeLoggedTxn(writer, txn);
};

const copyLearnerInfo: Copy = (reader, writer) => writeLearnerInfo(writer, readLearnerInfo(reader));

const copyTouches: Copy = (reader, writer) => {
  while (reader.remaining > 0) writeSessionTouch(writer, readSessionTouch(reader));
};

/** How the data of a packet reads; packets without data, and texts, are not here. */
const copies: Readonly<Record<string, Copy>> = {
  REQUEST: (reader, writer) => {
    const request = readForwardedRequest(reader);
    writeForwardedRequest(writer, request);
    const operation = operationOf(request.opcode);
    if (operation) operation.writeRequest(writer, operation.readRequest(reader));
    else writer.int32(reader.int32()); // createSession: a timeout
  },
  PROPOSAL: copyTxn,
  INFORM: copyTxn,
  PING: copyTouches,
  REVALIDATE: (reader, writer) => {
    if (reader.remaining === 9) writeRevalidateReply(writer, readRevalidateReply(reader));
    else copyTouches(reader, writer, {} as DecodedPacket);
  },
  COMMITANDACTIVATE: (reader, writer) => writeDesignatedLeader(writer, readDesignatedLeader(reader)),
  INFORMANDACTIVATE: (reader, writer, packet) => {
    writeDesignatedLeader(writer, readDesignatedLeader(reader));
    copyTxn(reader, writer, packet);
  },
  FOLLOWERINFO: copyLearnerInfo,
  OBSERVERINFO: copyLearnerInfo,
  LEADERINFO: (reader, writer) => writeLeaderInfo(writer, readLeaderInfo(reader)),
  ACKEPOCH: (reader, writer) => writeAckEpoch(writer, readAckEpoch(reader)),
};

function checkData(packet: QuorumPacket, decoded: DecodedPacket): void {
  const copy = copies[decoded.name!];
  if (!copy || packet.data === null) return;
  const reader = new RecordReader(packet.data);
  const writer = new RecordWriter();
  copy(reader, writer, decoded);
  expect(reader.remaining).toBe(0);
  expect(toHex(writer.bytes())).toBe(toHex(packet.data));
}

describe('a connection between servers recorded from Apache ZooKeeper', () => {
  it.each(streams)('has packets that read as they should and write to the same bytes: %s', (name) => {
    const bytes = Uint8Array.from(fixture(`quorum/${name}`));
    const packets = jsonFixture<DecodedPacket[]>(`quorum/${name.replace('.bin', '.json')}`);
    expect(packets.length).toBeGreaterThan(0);
    for (const decoded of packets) {
      if (decoded.snapshotStream !== undefined) continue;
      const end = decoded.offset + decoded.packetLen;
      const reader = new RecordReader(bytes, decoded.offset, end);
      const packet = readQuorumPacket(reader);
      expect(reader.position).toBe(end);
      expect(packet.type).toBe(decoded.type);
      expect(`0x${BigInt.asUintN(64, packet.zxid).toString(16)}`).toBe(decoded.zxid);
      checkData(packet, decoded);
      const writer = new RecordWriter();
      writeQuorumPacket(writer, packet);
      expect(toHex(writer.bytes())).toBe(toHex(bytes.subarray(decoded.offset, end)));
    }
  });

  it('covers every kind of packet that carries a record', () => {
    const names = new Set(
      streams.flatMap((name) =>
        jsonFixture<DecodedPacket[]>(`quorum/${name.replace('.bin', '.json')}`).map((packet) => packet.name),
      ),
    );
    expect(Object.keys(copies).filter((name) => !names.has(name))).toEqual([]);
  });
});
