import type { SeededRandom } from '@zk/simulation';
import type { MachineWorld } from './machine.js';

export const TICK_MS = 100;
export const SYNC_LIMIT_TICKS = 5;

/** What may wait for a client that does not read: so little that some are closed, or as much as usual. */
const MAX_OUTPUT_BYTES = [20_000, 64 * 1024 * 1024] as const;

/** Quick, and with small limits drawn by chance, so that snapshots are taken and learners need them. */
export function ensembleSettings(random: SeededRandom): Pick<MachineWorld, 'server' | 'peer'> {
  return {
    server: {
      tickTimeMs: TICK_MS,
      minSessionTimeoutMs: 2 * TICK_MS,
      maxSessionTimeoutMs: 600_000,
      maxClientConnections: 0,
      maxOutputBytes: random.pick(MAX_OUTPUT_BYTES),
      snapCount: Math.round(random.duration(10, 400)),
      purgeIntervalHours: 0,
      containerCheckIntervalMs: 3 * TICK_MS,
      containerMaxPerMinute: random.pick([600, 60_000]),
    },
    peer: {
      tickTimeMs: TICK_MS,
      syncLimitTicks: SYNC_LIMIT_TICKS,
      initLimitTicks: 30,
      finalizeWaitMs: 10,
      minNotificationMs: 20,
      maxNotificationMs: 500,
      commitLogCount: random.between(5, 200),
    },
  };
}
