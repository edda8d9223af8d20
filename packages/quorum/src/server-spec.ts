import { hostText } from './host-text.js';
import type { ServerId } from './verifiers.js';

/**
 * The right side of `server.N=…`: `host:quorumPort:electionPort[|host:…][:role][;[clientHost:]clientPort]`
 * (spec: election, section 2.1). IPv6 addresses stand in brackets.
 */

export type Role = 'participant' | 'observer';

export interface ServerAddress {
  /** Without brackets. */
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

export interface ServerSpec {
  readonly id: ServerId;
  readonly role: Role;
  /** At least one; several for a server with several networks. */
  readonly addresses: readonly ServerAddress[];
  /** Where clients connect, when the configuration says so. */
  readonly client?: { readonly host: string; readonly port: number };
}

/** The host clients' addresses have when only a port is given. */
export const ANY_HOST = '0.0.0.0';

/** @throws Error which says what is wrong with the text */
export function parseServerSpec(id: ServerId, text: string): ServerSpec {
  const fail = (why: string): Error => new Error(`server.${id}=${text}: ${why}`);
  const [servers, client, ...more] = text.trim().split(';');
  if (more.length > 0) throw fail('more than one ";"');
  let role: Role | undefined;
  const addresses: ServerAddress[] = [];
  for (const item of servers!.split('|')) {
    const parts = splitHost(item.trim(), fail);
    if (parts.length < 3 || parts.length > 4) throw fail('expected host:quorumPort:electionPort[:role]');
    const [quorumPort, electionPort] = [portOf(parts[1]!, fail), portOf(parts[2]!, fail)];
    if (quorumPort === electionPort) throw fail('the quorum port and the election port are the same');
    addresses.push({ host: parts[0]!, quorumPort, electionPort });
    if (parts[3] === undefined) continue;
    const ownRole = roleOf(parts[3], fail);
    if (role !== undefined && role !== ownRole) throw fail('one server cannot have two roles');
    role = ownRole;
  }
  const spec: ServerSpec = { id, role: role ?? 'participant', addresses: addresses.sort(byHost) };
  if (client === undefined || client === '') return spec;
  const parts = splitHost(client.trim(), fail);
  if (parts.length === 1) return { ...spec, client: { host: ANY_HOST, port: portOf(parts[0]!, fail) } };
  if (parts.length !== 2) throw fail('expected ;[host:]port for clients');
  return { ...spec, client: { host: parts[0]!, port: portOf(parts[1]!, fail) } };
}

/** As Apache prints it: the role always, once, at the end. */
export function formatServerSpec(spec: ServerSpec): string {
  const servers = spec.addresses.map((a) => `${bracketed(a.host)}:${a.quorumPort}:${a.electionPort}`).join('|');
  const client = spec.client === undefined ? '' : `;${bracketed(spec.client.host)}:${spec.client.port}`;
  return `${servers}:${spec.role}${client}`;
}

/** An IPv6 address needs brackets, everything else must not have them. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

type Fail = (why: string) => Error;

/** Splits at colons, except inside of the brackets around the first part. */
function splitHost(text: string, fail: Fail): string[] {
  if (!text.startsWith('[')) return text.split(':').map((part) => part.trim());
  const end = text.indexOf(']');
  if (end < 0) throw fail('"[" without "]"');
  const rest = text.slice(end + 1);
  if (rest !== '' && !rest.startsWith(':')) throw fail('expected ":" after "]"');
  return [hostText(text.slice(1, end)), ...(rest === '' ? [] : rest.slice(1).split(':'))];
}

function portOf(text: string, fail: Fail): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port >= 0 && port <= 65_535)) throw fail(`"${text}" is not a port`);
  return port;
}

function roleOf(text: string, fail: Fail): Role {
  const role = text.toLowerCase();
  if (role === 'participant' || role === 'observer') return role;
  throw fail(`"${text}" is neither participant nor observer`);
}

function byHost(a: ServerAddress, b: ServerAddress): number {
  return a.host < b.host ? -1 : a.host > b.host ? 1 : 0;
}
