import { counterOf, epochOf, hex64, parseHex64 } from '@zk/model';
import type { Inspection } from '@zk/server';
import type { Json } from '../json.js';
import { type Command, type Fields, query } from './command.js';

type LinkStatus = NonNullable<ReturnType<NonNullable<Inspection['server']['ensemble']>['status']>>['links'][number];
type View = NonNullable<Inspection['view']>;
type Member = NonNullable<ReturnType<View['config']['servers']['get']>>;
type PortName = 'quorumPort' | 'electionPort';

const NOT_INITIALIZED: Fields = { error: 'server is not initialized' };

function leader({ server, view }: Inspection): Fields {
  const id = server.ensemble?.status()?.peer.leader;
  if (view === undefined || id === undefined) return NOT_INITIALIZED;
  const leaderId = BigInt(id);
  return {
    is_leader: leaderId === view.serverId,
    leader_id: leaderId,
    leader_ip: view.config.servers.get(leaderId)?.addresses[0]?.host ?? '',
  };
}

/** Observers that have their transactions from this server. */
function observers({ server }: Inspection): Fields {
  const { peer, links = [] } = server.ensemble?.status() ?? {};
  const synced = (peer?.learners ?? []).filter(
    ({ isObserver, stage }) => isObserver && (stage === 'synchronized' || stage === 'up'),
  );
  return {
    synced_observers: synced.length,
    observers: synced.flatMap((observer) => {
      const link = links.find((one) => one.link === observer.link);
      return link === undefined ? [] : [observerConnection(BigInt(observer.server ?? -1), link)];
    }),
  };
}

function observerConnection(sid: bigint, link: LinkStatus): Fields {
  return {
    remote_socket_address: `/${joined(link.remoteAddress, link.remotePort)}`,
    sid,
    established: link.establishedWallMs,
    queued_packets: link.queuedPackets,
    queued_packets_size: link.queuedBytes,
    packets_received: link.packetsReceived,
    packets_sent: link.packetsSent,
    requests: link.requestsReceived,
    last_zxid: parseHex64(link.lastSentZxid) ?? 0n,
  };
}

function resetObservers({ server }: Inspection): Fields {
  server.ensemble?.resetTraffic();
  return {};
}

function votingView({ view }: Inspection): Fields {
  const voters = [...(view?.config.voters ?? [])].sort((a, b) => (a < b ? -1 : 1));
  const members = voters.flatMap((id) => view?.config.servers.get(id) ?? []);
  return {
    current_config: new Map(
      members.map((member) => [
        String(member.id),
        {
          server_addresses: addresses(member, 'quorumPort'),
          election_addresses: addresses(member, 'electionPort'),
          client_address: clientAddress(member),
          learner_type: member.role,
        },
      ]),
    ),
  };
}

function zabState({ server, view }: Inspection): Fields {
  const status = server.ensemble?.status();
  const own = view?.config.servers.get(view.serverId);
  if (view === undefined || status === undefined || own === undefined) return { voting: false, zabstate: '' };
  const logged = parseHex64(status.peer.appended) ?? 0n;
  return {
    myid: view.serverId,
    is_leader: view.mode === 'leader',
    quorum_address: addressSet(own, 'quorumPort'),
    election_address: addressSet(own, 'electionPort'),
    client_address: clientAddress(own),
    voting: view.config.voters.has(view.serverId),
    last_zxid: `0x${hex64(logged)}`,
    zab_epoch: epochOf(logged),
    zab_counter: counterOf(logged),
    zabstate: view.phase,
  };
}

/** What Apache's set of addresses says of itself; here nothing is probed, and all count as reachable. */
function addressSet(member: Member, port: PortName): Json {
  const all = addresses(member, port);
  const first = all[0] ?? '';
  const ports = member.addresses.map((address) => address[port]);
  return {
    empty: all.length === 0,
    all_addresses: all,
    wildcard_addresses: ports.map((each) => `0.0.0.0:${each}`),
    all_ports: ports,
    all_host_strings: member.addresses.map(({ host }) => host),
    reachable_address: first,
    all_reachable_addresses: all,
    all_reachable_addresses_or_all: all,
    reachable_or_one: first,
    one: first,
  };
}

function addresses(member: Member, port: PortName): readonly string[] {
  return member.addresses.map((address) => joined(address.host, address[port]));
}

function clientAddress({ client }: Member): string {
  return client === undefined ? '' : joined(client.host, client.port);
}

function joined(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export const ENSEMBLE_COMMANDS: readonly Command[] = [
  query(['leader', 'lead'], leader),
  query(['observers', 'obsr'], observers),
  query(['observer_connection_stat_reset', 'orst'], resetObservers),
  query(['voting_view'], votingView),
  { ...query(['zabstate'], zabState), isAlwaysAnswered: true },
];
