import type { ZnodeEvent } from '@zk/client-api';
import { EventType, type Zxid } from '@zk/model';
import { withoutPrefix } from '../wire/kinds.js';

/** A watched event as servers send it: the path is absolute. */
export interface ServerEvent {
  readonly type: ZnodeEvent['type'];
  readonly path: string;
  readonly zxid: Zxid;
}

const typeNames = new Map<number, ZnodeEvent['type']>([
  [EventType.nodeCreated, 'created'],
  [EventType.nodeDeleted, 'deleted'],
  [EventType.nodeDataChanged, 'dataChanged'],
  [EventType.nodeChildrenChanged, 'childrenChanged'],
]);

export function eventTypeOf(code: number): ZnodeEvent['type'] | undefined {
  return typeNames.get(code);
}

/** The event as somebody below a chroot sees it. */
export function eventBelow(prefix: string, event: ServerEvent): ZnodeEvent {
  return prefix === '' ? event : { ...event, path: withoutPrefix(prefix, event.path) };
}
