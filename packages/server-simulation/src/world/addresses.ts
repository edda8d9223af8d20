import type { Role } from '@zk/quorum';

export const CLIENT_PORT = 2181;
const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;

export const OPERATOR_ADDRESS = '10.0.2.1';

/** Of a server. */
export function addressOf(id: number | bigint): string {
  return `10.0.0.${id}`;
}

/** Of a client, by its number. */
export function clientAddress(number: number): string {
  return `10.0.1.${number}`;
}

/** The line of a configuration for a server. */
export function memberLine(id: number | bigint, role: Role = 'participant', quorumPort: number = QUORUM_PORT): string {
  const host = addressOf(id);
  return `server.${id}=${host}:${quorumPort}:${ELECTION_PORT}:${role};${host}:${CLIENT_PORT}`;
}
