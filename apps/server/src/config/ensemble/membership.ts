import { EnsembleConfig, hostText, parseServerSpec, type ServerAddress, type ServerId } from '@zk/quorum';
import { messageOf } from '../../errors.js';

/** One `server.N`, `group.N` or `weight.N`, and where it stands. */
export interface MemberLine {
  readonly key: string;
  readonly value: string;
  /** For messages: `zoo.cfg:12`. */
  readonly where: string;
}

/** Who belongs to the ensemble, as read. */
export interface Membership {
  readonly config: EnsembleConfig;
  /** Where the line of a server stands; where the first line does, for a server without one. */
  where(id?: ServerId): string;
}

export interface MembershipRules {
  /** A zxid; 0 for lines that were written by hand. */
  readonly version: bigint;
  readonly allowsSeveralAddresses: boolean;
}

/** Takes the lines together; undefined when there are problems, which end up in `problems` (spec: operations, 4.1, 4.2). */
export function readMembership(
  lines: readonly MemberLine[],
  rules: MembershipRules,
  problems: string[],
): Membership | undefined {
  const found = lines.flatMap((line) => problemsOf(line, rules).map((problem) => `${line.where}: ${problem}`));
  problems.push(...found);
  if (found.length > 0) return undefined;
  const where = (id?: ServerId): string =>
    (lines.find(({ key }) => id !== undefined && key === `server.${id}`) ?? lines[0])?.where ?? 'default';
  try {
    const config = EnsembleConfig.fromEntries(lines.map(({ key, value }) => [key, value] as const));
    return { config: config.withVersion(rules.version), where };
  } catch (error) {
    const grouping = lines.find(({ key }) => !key.startsWith('server.'));
    problems.push(`${grouping?.where ?? where()}: ${messageOf(error)}`);
    return undefined;
  }
}

/** Servers that another one shares an address with: whoever is called there, only one of them can answer. */
export function sharedAddresses({ config, where }: Membership): string[] {
  const owners = new Map<string, ServerId>();
  const found: string[] = [];
  for (const { id, addresses } of config.servers.values()) {
    for (const address of addresses.flatMap(calledAt)) {
      const owner = owners.get(address) ?? id;
      owners.set(address, owner);
      if (owner !== id) found.push(`${where(id)}: server.${id} has the address ${address} of server.${owner}`);
    }
  }
  return found;
}

/** Where the others call a server at one of its addresses, as texts. */
function calledAt({ host, quorumPort, electionPort }: ServerAddress): string[] {
  const bracketed = host.includes(':') ? `[${hostText(host)}]` : host;
  return [quorumPort, electionPort].map((port) => `${bracketed}:${port}`);
}

function problemsOf({ key, value }: MemberLine, rules: MembershipRules): readonly string[] {
  try {
    if (!key.startsWith('server.')) {
      EnsembleConfig.fromEntries([[key, value]]);
      return [];
    }
    const id = key.slice('server.'.length);
    if (!/^\d{1,18}$/.test(id)) return [`the id in ${key} must be a whole number`];
    const { addresses } = parseServerSpec(BigInt(id), value);
    if (addresses.length > 1 && !rules.allowsSeveralAddresses) {
      return [`${key} has ${addresses.length} addresses, which needs multiAddress.enabled=true`];
    }
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}
