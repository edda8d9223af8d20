/**
 * Servers with two addresses each, ours and Apache's together: over both networks, and with the first of them gone, under the
 * same checks as `mixed`.
 */
import { runCombinations } from './ensemble/combination.ts';
import type { Combination } from './ensemble/combination.ts';
import type { Make, Seat } from './ensemble/members.ts';
import { installApache } from './install.ts';
import type { Peer } from './peers.ts';

/** The address that a server has there, by its number. */
type Network = (server: number) => string;

const one: Network = (server) => `127.0.1.${server}`;
const other: Network = (server) => `127.0.2.${server}`;
/**
 * Addresses for documentation only (RFC 3849): they can neither be bound nor reached. Those of IPv4 are used on some machines,
 * and Apache's members take an address whose host answers, whether or not a server listens there.
 */
const nowhere: Network = (server) => `[2001:db8::${server}]`;

const COMBINATIONS: readonly Combination[] = [
  { name: "Apache's leads two of ours over two networks", seats: seatsOf(one, 'zk', 'zk', 'apache') },
  { name: "ours leads two of Apache's over two networks", seats: seatsOf(one, 'apache', 'apache', 'zk') },
  { name: "Apache's leads two of ours, with one network gone", seats: seatsOf(nowhere, 'zk', 'zk', 'apache') },
  { name: "ours leads two of Apache's, with one network gone", seats: seatsOf(nowhere, 'apache', 'apache', 'zk') },
];

/** Leaders killed in each. */
const KILLS = 1;
const LONG_KILLS = 6;

export const addresses: Peer = {
  name: 'addresses',
  title: "ensembles of ours and Apache's with several addresses per server, under kills of the leader",
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    await installApache();
    return (context) => runCombinations(context, COMBINATIONS, context.isLong ? LONG_KILLS : KILLS);
  },
};

function seatsOf(network: Network, ...makes: readonly Make[]): Seat[] {
  return makes.map((make, index) => ({
    make,
    peerAddress: network(index + 1),
    secondPeerAddress: other(index + 1),
    config: { 'multiAddress.enabled': 'true' },
    properties: { 'zookeeper.multiAddress.enabled': 'true' },
  }));
}
