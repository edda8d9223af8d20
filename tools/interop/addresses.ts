/**
 * Servers with two addresses each, ours and Apache's together: over both networks, and with the first of them gone, under the
 * same checks as `mixed`.
 */
import { runCombinations } from './ensemble/combination.ts';
import type { Combination } from './ensemble/combination.ts';
import type { Make, Seat } from './ensemble/members.ts';
import { installApache } from './install.ts';
import type { Peer } from './peers.ts';

/** Networks are addresses but for their last number. One that is nowhere (RFC 5737) can neither be bound nor reached. */
const ONE = '127.0.1';
const OTHER = '127.0.2';
const NOWHERE = '192.0.2';

const COMBINATIONS: readonly Combination[] = [
  { name: "Apache's leads two of ours over two networks", seats: seatsOf(ONE, 'zk', 'zk', 'apache') },
  { name: "ours leads two of Apache's over two networks", seats: seatsOf(ONE, 'apache', 'apache', 'zk') },
  { name: "Apache's leads two of ours, with one network gone", seats: seatsOf(NOWHERE, 'zk', 'zk', 'apache') },
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

function seatsOf(network: string, ...makes: readonly Make[]): Seat[] {
  return makes.map((make, index) => ({
    make,
    peerAddress: `${network}.${index + 1}`,
    secondPeerAddress: `${OTHER}.${index + 1}`,
    config: { 'multiAddress.enabled': 'true' },
    properties: { 'zookeeper.multiAddress.enabled': 'true' },
  }));
}
