/** `npm run simulate`: whole ensembles in virtual time, one per seed. See README.md. */
import { flag, number, optionalText, parseOptions } from '../lib/options.js';
import { simulatePeers } from './peers.js';
import { simulateServers } from './servers.js';

const PEER_SEEDS = 2_000;
const SERVER_SEEDS = 100;

const options = parseOptions('simulate', 'Runs ensembles under seeds, with faults, and checks them after every step.', {
  servers: number(-1, 'n', 'whole servers with their clients: 3 or 5, or any number; 0 leaves it to the seed'),
  seed: number(0, 'n', 'run this seed only, and print what happens'),
  seeds: number(0, 'n', `how many seeds; default ${PEER_SEEDS}, and ${SERVER_SEEDS} with --servers`),
  from: number(1, 'n', 'the first seed'),
  steps: number(2_000, 'n', 'events of each before everything is healed, without --servers'),
  duration: number(8_000, 'ms', 'simulated time of each before everything is healed, with --servers'),
  faults: number(3, 'n', 'moments at which something goes wrong'),
  changes: number(-1, 'n', 'moments at which the membership changes, with --servers; -1 leaves it to the seed'),
  voters: number(0, 'n', 'without --servers: 3 or 5, or any number; 0 leaves it to the seed'),
  groups: number(0, 'n', 'without --servers: hierarchical quorums with so many groups'),
  planted: flag('plant every known bug, and find each'),
  bug: optionalText('name', 'plant this bug'),
  trace: flag('with --seed: every transition, not only the last ones'),
});

const isOfServers = options.servers >= 0;
const seeds = options.seeds > 0 ? options.seeds : isOfServers ? SERVER_SEEDS : PEER_SEEDS;
process.exit(
  isOfServers
    ? await simulateServers({ ...options, seeds, durationMs: options.duration })
    : simulatePeers({ ...options, seeds }),
);
