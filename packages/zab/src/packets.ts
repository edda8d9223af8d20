import {
  ByteArena,
  MarshallingError,
  type QuorumPacket,
  RecordReader,
  RecordWriter,
  copyBytes,
  readAckEpoch,
  readDesignatedLeader,
  readInt32,
  readLearnerInfo,
  readRevalidateReply,
  readSessionTouch,
  utf8Bytes,
  utf8Text,
  writeAckEpoch,
  writeDesignatedLeader,
  writeInt32,
  writeLeaderInfo,
  writeLearnerInfo,
  writeRevalidateReply,
  writeSessionTouch,
} from '@zk/jute';
import { type SessionId, type Zxid, hiOf, int64, loOf } from '@zk/model';
import { EnsembleConfig, type ServerId } from '@zk/quorum';
import { epochStart } from './log-entry.js';
import type { ClientRequest } from './messages.js';
import { PacketType, ZAB_PROTOCOL_VERSION, packet } from './wire.js';

/** Of what is about to be sent. */
const arena = new ByteArena();

/** Packets by what they say. Data is the record of the learner protocol, section 2. */
export const packets = {
  followerInfo(server: ServerId, acceptedEpoch: number, configVersion: bigint, isObserver: boolean): QuorumPacket {
    const info = { serverid: server, protocolVersion: ZAB_PROTOCOL_VERSION, configVersion };
    const type = isObserver ? PacketType.OBSERVERINFO : PacketType.FOLLOWERINFO;
    return packet(
      type,
      epochStart(acceptedEpoch),
      encoded((writer) => writeLearnerInfo(writer, info)),
    );
  },
  leaderInfo(epoch: number): QuorumPacket {
    const info = { protocolVersion: ZAB_PROTOCOL_VERSION };
    return packet(
      PacketType.LEADERINFO,
      epochStart(epoch),
      encoded((writer) => writeLeaderInfo(writer, info)),
    );
  },
  /** @param currentEpoch -1 when the epoch was accepted before */
  ackEpoch(lastZxid: Zxid, currentEpoch: number): QuorumPacket {
    return packet(
      PacketType.ACKEPOCH,
      lastZxid,
      encoded((writer) => writeAckEpoch(writer, { currentEpoch })),
    );
  },
  newLeader(epoch: number, config: string): QuorumPacket {
    return packet(PacketType.NEWLEADER, epochStart(epoch), utf8Bytes(config));
  },
  proposal: (zxid: Zxid, txn: Uint8Array): QuorumPacket => packet(PacketType.PROPOSAL, zxid, txn),
  /** @param designated who leads under the configuration that the transaction brings; absent where it brings none */
  commit(zxid: Zxid, designated?: ServerId): QuorumPacket {
    if (designated === undefined) return packet(PacketType.COMMIT, zxid);
    return packet(
      PacketType.COMMITANDACTIVATE,
      zxid,
      encoded((writer) => writeDesignatedLeader(writer, { serverId: designated })),
    );
  },
  /** As {@link packets.commit}, with the transaction, for those who have not got its proposal. */
  inform(zxid: Zxid, txn: Uint8Array, designated?: ServerId): QuorumPacket {
    if (designated === undefined) return packet(PacketType.INFORM, zxid, txn);
    const data = encoded((writer) => {
      writeDesignatedLeader(writer, { serverId: designated });
      writer.raw(txn);
    });
    return packet(PacketType.INFORMANDACTIVATE, zxid, data);
  },
  ack: (zxid: Zxid): QuorumPacket => packet(PacketType.ACK, zxid),
  ping: (zxid: Zxid): QuorumPacket => packet(PacketType.PING, zxid),
  /** A learner's answer to a ping: the sessions it has heard of since the last one. */
  pong(ping: QuorumPacket, touched: ReadonlyMap<SessionId, number>): QuorumPacket {
    const data = encoded((writer) => {
      for (const [sessionId, timeoutMs] of touched) writeSessionTouch(writer, { sessionId, timeoutMs });
    });
    return { type: PacketType.PING, zxid: ping.zxid, data, authinfo: ping.authinfo };
  },
  revalidate(sessionId: SessionId, timeoutMs: number): QuorumPacket {
    return packet(
      PacketType.REVALIDATE,
      -1n,
      encoded((writer) => writeSessionTouch(writer, { sessionId, timeoutMs })),
    );
  },
  revalidated(sessionId: SessionId, isValid: boolean): QuorumPacket {
    return packet(
      PacketType.REVALIDATE,
      -1n,
      encoded((writer) => writeRevalidateReply(writer, { sessionId, isValid })),
    );
  },
  request({ sessionId, cxid, opcode, body, ids }: ClientRequest): QuorumPacket {
    const data = arena.take(FORWARDED_HEADER_BYTES + body.length);
    writeInt32(data, 0, hiOf(sessionId));
    writeInt32(data, 4, loOf(sessionId));
    writeInt32(data, 8, cxid);
    writeInt32(data, 12, opcode);
    copyBytes(body, 0, body.length, data, FORWARDED_HEADER_BYTES);
    return { type: PacketType.REQUEST, zxid: -1n, data, authinfo: ids };
  },
  start: (type: number, zxid: Zxid): QuorumPacket => packet(type, zxid),
  upToDate: packet(PacketType.UPTODATE, -1n),
  sync: packet(PacketType.SYNC, 0n),
} as const;

/** What FOLLOWERINFO and OBSERVERINFO say; undefined when it cannot be read, or is of a protocol this leader lacks. */
export function learnerInfoOf({ data }: QuorumPacket): { server: ServerId; configVersion: bigint } | undefined {
  const info = read(data, readLearnerInfo);
  if (info === undefined || (info.protocolVersion ?? 0) < ZAB_PROTOCOL_VERSION) return undefined;
  return { server: info.serverid, configVersion: info.configVersion ?? 0n };
}

export function ackEpochOf({ data }: QuorumPacket): number | undefined {
  return read(data, readAckEpoch)?.currentEpoch;
}

export function touchesOf({ data }: QuorumPacket): { sessionId: SessionId; timeoutMs: number }[] {
  const touches = read(data, (reader) => {
    const items = [];
    while (reader.remaining > 0) items.push(readSessionTouch(reader));
    return items;
  });
  return touches ?? [];
}

export function revalidatedOf({ data }: QuorumPacket): { sessionId: SessionId; isValid: boolean } | undefined {
  return read(data, readRevalidateReply);
}

export function clientRequestOf({ data, authinfo }: QuorumPacket): ClientRequest | undefined {
  if (data === null || data.length < FORWARDED_HEADER_BYTES) return undefined;
  return {
    sessionId: int64(readInt32(data, 0), readInt32(data, 4)),
    cxid: readInt32(data, 8),
    opcode: readInt32(data, 12),
    body: data.subarray(FORWARDED_HEADER_BYTES),
    ids: authinfo,
  };
}

export function configTextOf({ data }: QuorumPacket): string | undefined {
  return data === null || data.length === 0 ? undefined : utf8Text(data);
}

/** Undefined for a text that is not a configuration: somebody else's, and not worth an outage here. */
export function parsedConfig(text: string | undefined): EnsembleConfig | undefined {
  if (text === undefined) return undefined;
  try {
    return EnsembleConfig.parse(text);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** The transaction in a PROPOSAL, INFORM, or, behind the leader's id, INFORMANDACTIVATE. */
export function txnOf({ type, data }: QuorumPacket): Uint8Array {
  if (data === null) return new Uint8Array(0);
  return type === PacketType.INFORMANDACTIVATE ? data.slice(DESIGNATED_LEADER_BYTES) : data;
}

/** Who leads from there on: in COMMITANDACTIVATE and INFORMANDACTIVATE. */
export function designatedLeaderOf({ type, data }: QuorumPacket): ServerId | undefined {
  if (type !== PacketType.COMMITANDACTIVATE && type !== PacketType.INFORMANDACTIVATE) return undefined;
  return read(data, readDesignatedLeader)?.serverId;
}

const DESIGNATED_LEADER_BYTES = 8;
/** Session, cxid and operation, in front of what the client sent. */
const FORWARDED_HEADER_BYTES = 16;

function encoded(write: (writer: RecordWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = new RecordWriter(64);
  write(writer);
  return writer.bytes();
}

/** Undefined for what does not parse: the other side's fault, and its link's end. */
function read<T>(data: Uint8Array | null, readRecord: (reader: RecordReader) => T): T | undefined {
  if (data === null) return undefined;
  try {
    return readRecord(new RecordReader(data));
  } catch (error) {
    if (error instanceof MarshallingError) return undefined;
    throw error;
  }
}
