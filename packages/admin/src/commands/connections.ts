import { type ConnectionFacts, type Inspection, connectionFacts, resetConnections } from '@zk/server';
import { type Command, type Fields, query } from './command.js';

/** Of whom the listener is the TLS port. */
const SECURE = 'secure';

/** Connections of the client port and of the TLS port, each put by `show`. */
export function connectionLists({ server }: Inspection, show: (facts: ConnectionFacts) => Fields): Fields {
  const all = [...server.connections].map(connectionFacts);
  return {
    connections: all.filter(({ listener }) => listener !== SECURE).map(show),
    secure_connections: all.filter(({ listener }) => listener === SECURE).map(show),
  };
}

export function briefly({ remote, interestOps, outstanding, received, sent }: ConnectionFacts): Fields {
  return {
    remote_socket_address: remote,
    interest_ops: interestOps,
    outstanding_requests: outstanding,
    packets_received: received,
    packets_sent: sent,
  };
}

function fully(facts: ConnectionFacts): Fields {
  const { session } = facts;
  if (session === undefined) return briefly(facts);
  return {
    ...briefly(facts),
    session_id: session.id,
    last_operation: session.lastOperation,
    established: session.establishedWallMs,
    session_timeout: session.timeoutMs,
    last_cxid: session.lastCxid,
    last_zxid: session.lastZxid,
    last_response_time: session.lastResponseMs,
    last_latency: session.lastLatencyMs,
    min_latency: session.minLatencyMs,
    avg_latency: session.averageLatencyMs,
    max_latency: session.maxLatencyMs,
  };
}

export const CONNECTION_COMMANDS: readonly Command[] = [
  query(['connections', 'cons'], (inspection) => connectionLists(inspection, fully)),
  query(['connection_stat_reset', 'crst'], (inspection) => {
    resetConnections(inspection);
    return {};
  }),
];
