import type { Clock, Scheduler } from '@zk/contracts';
import type { ConnectionDesk } from './connection-desk.js';
import type { Replica } from './replica.js';

/** Time that writes which are on their way are waited for. */
const DRAIN_MS = 5000;

/** Resolves when no write is on its way any more, or none is going to end: a log that fails may never finish. */
export function drained(
  desk: ConnectionDesk,
  replica: Replica,
  { clock, scheduler }: { readonly clock: Clock; readonly scheduler: Scheduler },
): Promise<void> {
  const deadlineMs = clock.monotonicMs() + DRAIN_MS;
  return new Promise((resolve) => {
    const look = (): void => {
      desk.runTurn();
      const { pipeline } = desk;
      const isHopeless = !replica.canFinish || clock.monotonicMs() > deadlineMs;
      if (pipeline === undefined || pipeline.inFlight === 0 || isHopeless) resolve();
      else scheduler.after(1, look);
    };
    look();
  });
}
