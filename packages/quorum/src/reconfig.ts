import { ErrorCode } from '@zk/model';
import { EnsembleConfig } from './ensemble-config.js';
import { parseProperties } from './properties.js';
import { type ServerSpec, parseServerSpec } from './server-spec.js';
import { type ServerId, MajorityVerifier } from './verifiers.js';

/**
 * What a `reconfig` request makes of a configuration (spec: server semantics, section 16; learner protocol, section 9).
 * The checks come in Apache's order, with its codes; whether reconfiguration is enabled, and whether the client may write
 * to `/zookeeper/config`, is asked elsewhere: before and after these.
 */

/** As the client sent it. Where `newMembers` is given, the other two are ignored. */
export interface Reconfig {
  /** `server.4=host:2888:3888;2181`, several with commas between. */
  readonly joiningServers: string | null;
  /** Ids, with commas between. */
  readonly leavingServers: string | null;
  /** All members there shall be: lines of a configuration, with commas or newlines between. */
  readonly newMembers: string | null;
  /** The version the client starts from; -1 for whatever there is. */
  readonly curConfigId: bigint;
}

/** How things are at the leader. */
export interface ReconfigSituation {
  readonly committed: EnsembleConfig;
  /** The last one proposed, if it is not the committed one. */
  readonly lastSeen?: EnsembleConfig | undefined;
  /** The last reconfiguration named another leader, and this one is about to follow it. */
  readonly isHandingOver?: boolean;
  /** The leader, and who follows it and is up to date; observers do not count. */
  readonly synchronized: ReadonlySet<ServerId>;
  /** `standaloneEnabled`: an ensemble has two voters at least. */
  readonly isStandaloneEnabled: boolean;
  /** `multiAddress.enabled`: a server may have several addresses; default true. */
  readonly isMultiAddressEnabled?: boolean;
}

export type ReconfigPlan =
  | { readonly config: EnsembleConfig }
  /** A number of `ErrorCode`, and what to tell an operator. */
  | { readonly code: number; readonly reason: string };

/** @param version of the new configuration: the zxid of the transaction that brings it */
export function planReconfig(request: Reconfig, situation: ReconfigSituation, version: bigint): ReconfigPlan {
  try {
    return { config: plan(request, situation, version) };
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, reason: error.message };
    throw error;
  }
}

class Refusal extends Error {
  constructor(
    readonly code: number,
    reason: string,
  ) {
    super(reason);
  }
}

function plan(request: Reconfig, situation: ReconfigSituation, version: bigint): EnsembleConfig {
  const { committed, lastSeen = committed, isHandingOver, isStandaloneEnabled, synchronized } = situation;
  if (lastSeen.version !== committed.version || isHandingOver === true) {
    throw new Refusal(ErrorCode.RECONFIGINPROGRESS, 'another reconfiguration is on its way');
  }
  if (request.curConfigId !== -1n && request.curConfigId !== committed.version) {
    throw new Refusal(ErrorCode.BADVERSION, `the version is ${committed.version}, not ${request.curConfigId}`);
  }
  const members =
    request.newMembers === null
      ? changed(committed, request)
      : replaced(request.newMembers.replaceAll(',', '\n'), isStandaloneEnabled);
  if (situation.isMultiAddressEnabled === false) requireOneAddress(members);
  const config = members.withVersion(version);
  const needed = isStandaloneEnabled ? 2 : 1;
  if (config.voters.size < needed) throw refused(`at least ${needed} participants are needed`);
  if (!config.verifier.isQuorum(synchronized)) {
    throw new Refusal(ErrorCode.NEWCONFIGNOQUORUM, 'no quorum of the new configuration is connected and up to date');
  }
  return config;
}

function requireOneAddress({ servers }: EnsembleConfig): void {
  for (const { id, addresses } of servers.values()) {
    if (addresses.length > 1) throw refused(`server.${id} has several addresses, which multiAddress.enabled allows`);
  }
}

// All members anew

function replaced(text: string, isStandaloneEnabled: boolean): EnsembleConfig {
  const entries = refusing(() => [...parseProperties(text)]);
  for (const [key, value] of entries) {
    if (!/^(server\.|group|weight|version$)/.test(key)) throw refused(`"${key}" belongs to no configuration`);
    requireNumbers(key, value);
  }
  const config = refusing(() => EnsembleConfig.fromEntries(entries));
  const observers = config.servers.size - config.voters.size;
  // As in Apache: what it does not expect there, its client hears of as a marshalling error.
  if (observers > 0 && config.voters.size < (isStandaloneEnabled ? 2 : 1)) {
    throw new Refusal(ErrorCode.MARSHALLINGERROR, 'observers without a quorum of participants');
  }
  return config;
}

function requireNumbers(key: string, value: string): void {
  if (key !== 'version') idOf(key.slice(key.indexOf('.') + 1));
  if (key.startsWith('group')) for (const id of value.split(':')) idOf(id);
  if (key.startsWith('weight')) idOf(value);
}

// Some join, some leave

function changed(config: EnsembleConfig, { joiningServers, leavingServers }: Reconfig): EnsembleConfig {
  if (!(config.verifier instanceof MajorityVerifier)) {
    throw refused('with groups and weights all members must be given');
  }
  const servers = new Map(config.servers);
  for (const leaving of items(leavingServers)) servers.delete(idOf(leaving));
  for (const joining of items(joiningServers)) {
    const server = joiner(joining);
    for (const other of servers.values()) if (other.id !== server.id) requireOwnAddresses(server, other);
    servers.set(server.id, server);
  }
  return new EnsembleConfig(servers);
}

function items(list: string | null, separator = ','): string[] {
  return (list ?? '')
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function joiner(text: string): ServerSpec {
  const [key, spec, ...more] = items(text, '=');
  if (key === undefined || spec === undefined || more.length > 0) throw refused(`"${text}" is not server.N=…`);
  const server = refusing(() => parseServerSpec(idOf(key.slice(key.lastIndexOf('.') + 1)), spec));
  if (server.client === undefined) throw refused(`server.${server.id}=${spec} has no client port`);
  return server;
}

function requireOwnAddresses(server: ServerSpec, other: ServerSpec): void {
  const taken = new Set(addressesOf(other));
  for (const address of addressesOf(server)) {
    if (taken.has(address)) throw refused(`${address} of server.${server.id} is of server.${other.id} as well`);
  }
}

const EVERYWHERE = /^(0\.0\.0\.0|0:0:0:0:0:0:0:0|localhost|127\.\d+\.\d+\.\d+|0:0:0:0:0:0:0:1)$/;

/** Those that name one machine: a wildcard or a loopback address is a different one on each. */
function addressesOf({ addresses, client }: ServerSpec): string[] {
  const all = addresses.flatMap(({ host, quorumPort, electionPort }) => [
    { host, port: quorumPort },
    { host, port: electionPort },
  ]);
  if (client !== undefined) all.push(client);
  return all.filter(({ host }) => !EVERYWHERE.test(host)).map(({ host, port }) => `${host}:${port}`);
}

function refused(reason: string): Refusal {
  return new Refusal(ErrorCode.BADARGUMENTS, reason);
}

/** As in Apache: a malformed number is told as a marshalling error. */
function idOf(text: string): bigint {
  if (!/^[+-]?\d{1,19}$/.test(text)) throw new Refusal(ErrorCode.MARSHALLINGERROR, `"${text}" is not a number`);
  return BigInt(text);
}

/** What cannot be parsed is the client's fault. */
function refusing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Error && !(error instanceof Refusal)) throw refused(error.message);
    throw error;
  }
}
