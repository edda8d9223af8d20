import type { Clock } from '@zk/contracts';
import { type Session, SessionTracker } from '@zk/session';
import type { ServerOptions } from './options.js';

/** An empty table of sessions, whose ids begin with the time of day: they do not come again after a restart. */
export function newSessionTracker(
  { tickTimeMs, serverId }: Pick<ServerOptions, 'tickTimeMs' | 'serverId'>,
  clock: Clock,
  onExpire: (session: Session) => void,
): SessionTracker {
  return new SessionTracker({ tickTimeMs, serverId, startMs: Math.floor(clock.wallMs()), onExpire });
}
