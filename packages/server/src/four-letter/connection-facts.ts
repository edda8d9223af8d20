import type { SessionId, Zxid } from '@zk/model';
import { int64 } from '@zk/model';
import type { ClientConnection } from '../client-connection.js';
import { OP_ABBREVIATIONS } from './op-abbreviations.js';

/** One connection of a client. */
export interface ConnectionFacts {
  /** Address and port of the client; an IPv6 address in brackets. */
  readonly remote: string;
  /** The listener it came through, such as `client` or `secure`. */
  readonly listener: string;
  /** Of Java's selector: 1 reads, 4 writes. */
  readonly interestOps: number;
  readonly outstanding: number;
  /** Frames. */
  readonly received: number;
  readonly sent: number;
  /** undefined before there is one. */
  readonly session: ConnectedSession | undefined;
}

/** What a connection with a session tells beyond that; latencies are whole milliseconds. */
export interface ConnectedSession {
  readonly id: SessionId;
  readonly lastOperation: string;
  readonly establishedWallMs: number;
  readonly timeoutMs: number;
  /** -1 before the first after the figures were reset. */
  readonly lastCxid: number;
  readonly lastZxid: Zxid;
  /** Monotonic. */
  readonly lastResponseMs: number;
  readonly lastLatencyMs: number;
  readonly minLatencyMs: number;
  readonly averageLatencyMs: number;
  readonly maxLatencyMs: number;
}

export function connectionFacts(connection: ClientConnection): ConnectionFacts {
  const { client, transport, listener, interestOps } = connection;
  return {
    remote: `${bracketed(transport.remoteAddress)}:${transport.remotePort}`,
    listener,
    interestOps,
    outstanding: client.outstanding,
    received: client.received,
    sent: client.outbox.framesWritten,
    session: connectedSession(connection),
  };
}

function connectedSession({ client, establishedWallMs }: ClientConnection): ConnectedSession | undefined {
  const { session } = client;
  if (session === null) return undefined;
  return {
    id: session.id,
    lastOperation: OP_ABBREVIATIONS[client.lastOp] ?? 'NA',
    establishedWallMs,
    timeoutMs: client.timeoutMs,
    lastCxid: client.lastXid,
    lastZxid: int64(client.lastZxidHi, client.lastZxidLo),
    lastResponseMs: Math.floor(client.lastResponseMs),
    lastLatencyMs: Math.round(client.lastLatencyMs),
    minLatencyMs: Math.round(Math.max(0, client.minLatencyMs)),
    averageLatencyMs: client.latencyCount === 0 ? 0 : Math.floor(client.latencySumMs / client.latencyCount),
    maxLatencyMs: Math.round(client.maxLatencyMs),
  };
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
