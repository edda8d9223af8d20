import { OpCode } from '@zk/model';
import type { Outbox } from './outbox.js';
import { REFUSAL } from './reads.js';

/** The part of all held replies that each client may have, whatever the others have asked for. */
const MODEST_SHARE = 1 / 128;

/**
 * Whether a read that waited for a write is answered. When the writes that reads of many clients wait for are done, all of
 * them are answered at once, and each reply may be megabytes; but whoever asks for little is not refused for what others
 * have asked for.
 *
 * @param type     of the read
 * @param outbox   where its reply would go
 * @param maxBytes of replies, in all outboxes together
 */
export function mayAnswerHeld(type: number, outbox: Outbox, maxBytes: number): boolean {
  return outbox.length <= maxBytes * MODEST_SHARE || outbox.bytesInAll <= maxBytes || isAlwaysSmall(type);
}

/** Replies of a few bytes: a client's own upkeep, and what is refused for another reason. */
function isAlwaysSmall(type: number): boolean {
  return type === OpCode.ping || type === OpCode.setWatches || type === OpCode.setWatches2 || type === REFUSAL;
}
