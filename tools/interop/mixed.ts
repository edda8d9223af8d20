/**
 * Ensembles of our servers and Apache's together, in every combination of roles: the same answers from every member, a
 * checked workload while leaders of both makes are killed, and equal trees and digests at the end.
 */
import { runCombinations } from './ensemble/combination.ts';
import type { Combination } from './ensemble/combination.ts';
import { voters } from './ensemble/members.ts';
import type { Make, Seat } from './ensemble/members.ts';
import { installApache, installApache38 } from './install.ts';
import type { Peer } from './peers.ts';

const observer = (make: Make): Seat => ({ make, isObserver: true });

const COMBINATIONS: readonly Combination[] = [
  { name: "ours leads ours and Apache's", seats: voters('apache', 'zk', 'zk') },
  { name: "ours leads two of Apache's", seats: voters('apache', 'apache', 'zk') },
  { name: "Apache's leads two of ours", seats: voters('zk', 'zk', 'apache') },
  { name: "Apache's leads Apache's and ours", seats: voters('apache', 'zk', 'apache') },
  { name: "Apache's with an observer of ours", seats: [observer('zk'), ...voters('apache', 'apache', 'apache')] },
  { name: "ours with an observer of Apache's", seats: [observer('apache'), ...voters('zk', 'zk', 'zk')] },
  { name: "Apache's 3.8 leads ours and Apache's 3.9", seats: voters('apache', 'zk', 'apache38') },
  { name: "ours leads Apache's 3.8 and 3.9", seats: voters('apache38', 'apache', 'zk') },
];

/** Leaders killed in each combination. */
const KILLS = 2;
const LONG_KILLS = 12;

export const mixed: Peer = {
  name: 'mixed',
  title: "ensembles of ours and Apache's, in all combinations of roles, under kills of the leader",
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    await installApache();
    await installApache38();
    return (context) => runCombinations(context, COMBINATIONS, context.isLong ? LONG_KILLS : KILLS);
  },
};
