/**
 * Three servers of ours: Apache's Java client and kazoo connected to all of them, and the checked workload, while the
 * leader and a follower are killed, and all at once.
 */
import type { EnsembleProcesses } from '../lib/ensemble-processes.ts';
import { seatsAgainst, startLedByLast } from './ensemble/members.ts';
import { installRiders } from './ensemble/ride.ts';
import { Voyage } from './ensemble/voyage.ts';
import { APACHE_SYNC_ATTEMPTS } from './ensemble/workload.ts';
import type { Peer } from './peers.ts';

const ROUNDS = 1;
const LONG_ROUNDS = 10;

export const ensemble: Peer = {
  name: 'ensemble',
  title: 'three servers of ours, with clients of all kinds, through failovers',
  startsItsOwn: true,
  notOnEnsembles: 'it starts one itself',
  install: async () => {
    const ridersOf = await installRiders();
    return async ({ report, against, isLong }) => {
      const seats = seatsAgainst(against, [{ make: 'zk' }, { make: 'zk' }, { make: 'zk' }]);
      const processes = await startLedByLast(seats);
      try {
        const syncAttempts = against === 'apache' ? APACHE_SYNC_ATTEMPTS : 1;
        const riders = ridersOf(processes.hosts());
        const voyage = await Voyage.start({ report, name: 'ensemble', ensemble: processes, riders, syncAttempts });
        for (let round = 1; round <= (isLong ? LONG_ROUNDS : ROUNDS); round++) await failures(voyage, processes);
        await voyage.finish();
      } finally {
        await processes.dispose();
      }
    };
  },
};

async function failures(voyage: Voyage, processes: EnsembleProcesses): Promise<void> {
  await voyage.disturb('the leader was killed', async () => {
    const leader = await processes.waitLeader();
    await leader.kill();
    await processes.waitLeader();
    await voyage.expectWrites('without the leader');
    leader.start();
  });
  await voyage.disturb('a follower was killed', async () => {
    const leader = await processes.waitLeader();
    const follower = processes.members.find((member) => member !== leader);
    await follower?.kill();
    await voyage.expectWrites('without the follower');
    follower?.start();
  });
  await voyage.disturb('all were killed at once', async () => {
    await processes.killAll();
    processes.startAll();
    await processes.waitLeader();
  });
}
