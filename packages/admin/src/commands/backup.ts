import type { Logger } from '@zk/contracts';
import { hex64 } from '@zk/model';
import type { Call, Command, CommandAnswer } from './command.js';
import { RateLimiter } from './rate-limiter.js';

export interface BackupOptions {
  readonly isSnapshotEnabled: boolean;
  readonly isRestoreEnabled: boolean;
  /** Between two snapshots, and between two restores. */
  readonly rateLimiterIntervalMs: number;
}

const TOO_OFTEN: CommandAnswer = { status: 429 };

/** Taking the whole state out, and putting one in its place. */
export function backupCommands(options: BackupOptions, logger: Logger): readonly Command[] {
  return [snapshotCommand(options, logger), restoreCommand(options, logger)];
}

function snapshotCommand(options: BackupOptions, logger: Logger): Command {
  const limiter = new RateLimiter(options.rateLimiterIntervalMs);
  return {
    names: ['snapshot', 'snap'],
    isPrivileged: true,
    answer: async (call) => {
      if (!options.isSnapshotEnabled) return { status: 503, error: 'Snapshot command is disabled' };
      const { clock, server } = call.inspection;
      if (!limiter.tryTake(clock)) {
        server.stats.snapshotsRateLimited++;
        return TOO_OFTEN;
      }
      return (await takeSnapshot(call)) ?? failed('the snapshot could not be written; the log says why', logger);
    },
  };
}

/** undefined when it could not be written. */
async function takeSnapshot({ inspection, query }: Call): Promise<CommandAnswer | undefined> {
  const { server, storage } = inspection;
  await server.snapshotter.idle;
  const info = await server.snapshotter.take();
  if (info === undefined) return undefined;
  const headers = { last_zxid: `0x${hex64(info.zxid)}`, snapshot_size: String(info.sizeBytes) };
  const isStreamed = (query.get('streaming') ?? 'true').toLowerCase() === 'true';
  return isStreamed ? { headers, stream: storage.snapshots.read(info) } : { headers };
}

function restoreCommand(options: BackupOptions, logger: Logger): Command {
  const limiter = new RateLimiter(options.rateLimiterIntervalMs);
  return {
    names: ['restore', 'rest'],
    method: 'POST',
    isPrivileged: true,
    answer: async ({ inspection, body }) => {
      const { clock, server } = inspection;
      if (!options.isRestoreEnabled) return { status: 503, error: 'Restore command is disabled' };
      if (server.ensemble !== undefined) return { status: 503, error: 'Only a server on its own can be restored' };
      if (body === undefined) return { status: 400, error: 'The snapshot is missing: send it as the body' };
      if (!limiter.tryTake(clock)) {
        server.stats.restoresRateLimited++;
        return TOO_OFTEN;
      }
      const startMs = clock.monotonicMs();
      try {
        const zxid = await server.restore(body);
        server.stats.restoreTimes.add(Math.round(clock.monotonicMs() - startMs));
        return { fields: { last_zxid: zxid } };
      } catch (error) {
        server.stats.restoreErrors++;
        return failed(`The snapshot cannot be restored: ${(error as Error).message}`, logger);
      }
    },
  };
}

function failed(error: string, logger: Logger): CommandAnswer {
  logger.error({ reason: error }, 'an admin command failed');
  return { status: 500, error };
}
