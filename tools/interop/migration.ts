/**
 * A rolling migration: three servers of Apache's become ours one at a time, each on the data directory that it has, and
 * then Apache's again, while clients of all kinds go on with what they do.
 */
import type { EnsembleProcesses } from '../lib/ensemble-processes.ts';
import type { ServerKind } from '../lib/launch.ts';
import { titleOf } from './ensemble/compare.ts';
import { startLedByLast } from './ensemble/members.ts';
import { installRiders } from './ensemble/ride.ts';
import { Voyage } from './ensemble/voyage.ts';
import { APACHE_SYNC_ATTEMPTS } from './ensemble/workload.ts';
import type { Peer } from './peers.ts';

const ROUND_TRIPS = 1;
const LONG_ROUND_TRIPS = 5;

export const migration: Peer = {
  name: 'migration',
  title: "three servers of Apache's become ours one by one, and Apache's again, with clients connected",
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    const ridersOf = await installRiders();
    return async ({ report, against, isLong }) => {
      const ensemble = await startLedByLast([{ make: 'apache' }, { make: 'apache' }, { make: 'apache' }]);
      try {
        const riders = ridersOf(ensemble.hosts());
        const options = { report, name: 'migration', ensemble, riders, syncAttempts: APACHE_SYNC_ATTEMPTS };
        const voyage = await Voyage.start(options);
        for (let trip = 1; trip <= (isLong ? LONG_ROUND_TRIPS : ROUND_TRIPS); trip++) {
          await exchangeAll(voyage, ensemble, against);
          await voyage.compare(`half-way through trip ${trip}`);
          await exchangeAll(voyage, ensemble, 'apache');
        }
        await voyage.finish();
      } finally {
        await ensemble.dispose();
      }
    };
  },
};

/** Followers first and the leader last, as an operator would. */
async function exchangeAll(voyage: Voyage, ensemble: EnsembleProcesses, kind: ServerKind): Promise<void> {
  const leader = await ensemble.waitLeader();
  const order = [...ensemble.members.filter((member) => member !== leader), leader];
  for (const member of order) {
    const role = member === leader ? 'the leader' : 'a follower';
    await voyage.disturb(`${role}, ${titleOf(member)}, has been exchanged`, async () => {
      await member.stop();
      member.become(kind);
      member.start();
    });
  }
}
