/**
 * An ensemble in the place of the server under test. Peers get the address of one follower: their checks tell several
 * clients apart and expect one to see at once what the other has done, which holds for clients of one server only.
 */
import type { EnsembleProcesses } from '../../lib/ensemble-processes.ts';
import type { Member } from '../../lib/ensemble-processes.ts';
import type { ServerKind } from '../../lib/launch.ts';
import type { TestedServer } from '../server.ts';
import { Failover } from './failover.ts';
import { startLedByLast } from './members.ts';
import type { Seat } from './members.ts';

/** As `SERVER_SETTINGS` for checks of time; the limits count ticks. */
const SETTINGS = { tickTime: 200, initLimit: 50, syncLimit: 25 };

export async function startEnsemble(kind: ServerKind, size: number): Promise<TestedServer> {
  const seats: Seat[] = Array.from({ length: size }, () => ({ make: kind }));
  const ensemble = await startLedByLast(seats, SETTINGS);
  const follower = await followerOf(ensemble);
  const failover = new Failover(ensemble);
  return {
    kind,
    address: follower.host,
    hosts: ensemble.hosts(),
    failover,
    log: () => ensemble.outputs(),
    stop: async () => {
      await failover.finish().finally(() => ensemble.dispose());
    },
    kill: () => ensemble.dispose(),
    restartable: {
      stop: () => follower.stop(),
      run: async () => {
        follower.start();
        await follower.waitServing();
      },
    },
  };
}

async function followerOf(ensemble: EnsembleProcesses): Promise<Member> {
  const leader = await ensemble.waitLeader();
  const follower = ensemble.members.find((member) => member !== leader);
  if (follower === undefined) throw new RangeError('an ensemble of one has no follower');
  return follower;
}
