import { ErrorCode } from '@zk/model';
import type { CallLimits, ClientCore } from '../client-core.js';
import { hasCode } from '../refusals.js';

const PAUSE_MS = 100;
const UNLIMITED: CallLimits = { timeoutMs: Infinity, deadlineMs: Infinity, signal: undefined };

/**
 * Does something in the background until it is done, the server refuses it for good, or the client is closed. Broken
 * connections and lost sessions are no reason to stop.
 */
export function keepTrying(core: ClientCore, path: string, action: (limits: CallLimits) => Promise<void>): void {
  const attempt = async (): Promise<void> => {
    for (;;) {
      await core.until(() => core.isConnected, UNLIMITED, path);
      try {
        await action(UNLIMITED);
        return;
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
      await new Promise<void>((resolve) => core.runtime.scheduler.after(PAUSE_MS, resolve));
    }
  };
  attempt().catch((error: unknown) => {
    core.logger.warn({ path, err: error }, 'clean-up in the background came to nothing');
  });
}

function isPassing(error: unknown): boolean {
  return (
    hasCode(error, ErrorCode.CONNECTIONLOSS) ||
    hasCode(error, ErrorCode.SESSIONEXPIRED) ||
    hasCode(error, ErrorCode.NOTREADONLY) ||
    hasCode(error, ErrorCode.THROTTLEDOP) ||
    (error instanceof Error && error.name === 'QueueFullError')
  );
}
