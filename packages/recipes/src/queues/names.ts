/**
 * The order of a queue is in the names of its znodes: a stem that the producer chooses, and behind it the number that
 * the server adds (spec: recipes, sections 7.2, 7.4 and 14).
 */
export interface QueueNames {
  /** Those that are items, in the order in which they are taken. */
  order(children: readonly string[]): string[];
  /** Wall-clock ms before which the item is not taken; absent: any time. */
  dueMs?(name: string): number;
  /** The name without the number of the server: what an item is put again under. */
  stem(name: string): string;
  /** Whether an item that comes later may have to be taken first. */
  readonly isReordering: boolean;
}

const PREFIX = 'queue-';

/** Curator's DistributedQueue: `queue-0000000007`. */
export const fifoNames: QueueNames = plainNames(PREFIX, PREFIX);

/** Curator's SimpleDistributedQueue: `qn-0000000007`. */
export const simpleNames: QueueNames = plainNames('qn-', 'qn-');

/** Curator's DistributedIdQueue: `queue-|ID|0000000007`, taken in the order of the numbers. */
export const idNames: QueueNames = {
  order: (children) => sortedBy(withPrefix(children, PREFIX), (name) => PREFIX + name.slice(idEnd(name))),
  stem: (name) => (idEnd(name) > PREFIX.length ? name.slice(0, idEnd(name)) : PREFIX),
  isReordering: false,
};

export function idStem(id: string): string {
  return `${PREFIX}|${id.replace(/[/|]/g, '_')}|`;
}

/** Of an item of an id queue; undefined where there is none. */
export function idOf(name: string): string | undefined {
  const end = idEnd(name);
  return end > PREFIX.length ? name.slice(PREFIX.length + 1, end - 1) : undefined;
}

function idEnd(name: string): number {
  if (!name.startsWith(`${PREFIX}|`)) return PREFIX.length;
  const end = name.indexOf('|', PREFIX.length + 1);
  return end < 0 ? PREFIX.length : end + 1;
}

/** Curator's DistributedPriorityQueue: `queue-1000000050000000007`: sign, 8 hexadecimal digits, number. */
export const priorityNames: QueueNames = {
  order: (children) => withPrefix(children, PREFIX).sort(),
  stem: (name) => (/^queue-[01][0-9A-F]{8}-?\d{9,10}$/.test(name) ? name.slice(0, PREFIX.length + 9) : PREFIX),
  isReordering: true,
};

/** Smaller numbers are taken first. @throws RangeError unless it is a 32-bit integer */
export function priorityStem(priority: number): string {
  if (priority !== (priority | 0)) throw new RangeError(`a priority is a 32-bit integer, not ${priority}`);
  const digits = (priority >>> 0).toString(16).toUpperCase().padStart(8, '0');
  return `${PREFIX}${priority < 0 ? '0' : '1'}${digits}`;
}

/** Curator's DistributedDelayQueue: `queue-|18BCFE56800|0000000007`: when it is due, in hexadecimal ms since 1970. */
export const delayNames: QueueNames = {
  order: (children) =>
    withPrefix(children, PREFIX).sort((a, b) => dueMsOf(a) - dueMsOf(b) || compare(numberOf(a), numberOf(b))),
  dueMs: dueMsOf,
  stem: (name) => (name.lastIndexOf('|') < 0 ? PREFIX : name.slice(0, name.lastIndexOf('|') + 1)),
  isReordering: true,
};

/** @throws RangeError for a time that is not one */
export function delayStem(epochMs: number): string {
  const wholeMs = Math.ceil(epochMs);
  if (!(wholeMs >= 0 && wholeMs <= Number.MAX_SAFE_INTEGER)) throw new RangeError(`${epochMs} is not a time`);
  return `${PREFIX}|${wholeMs.toString(16).toUpperCase().padStart(8, '0')}|`;
}

/** Text between the last two `|`; unreadable means due at once, as in Curator. */
function dueMsOf(name: string): number {
  const end = name.lastIndexOf('|');
  const start = end <= 0 ? -1 : name.lastIndexOf('|', end - 1);
  const text = start < 0 ? '' : name.slice(start + 1, end);
  return /^[0-9A-Fa-f]{1,16}$/.test(text) ? Number.parseInt(text, 16) : 0;
}

function numberOf(name: string): string {
  return name.slice(name.lastIndexOf('|') + 1);
}

/** kazoo's Queue and LockingQueue: `entry-100-0000000007`. Every child of the path is an item there. */
export const kazooNames: QueueNames = {
  order: (children) => [...children].sort(),
  stem: (name) => (/^entry-\d{3,}-/.exec(name) ?? ['entry-100-'])[0],
  isReordering: true,
};

/** Smaller numbers are taken first. @throws RangeError unless it has three digits, the limit of an order by name */
export function kazooStem(priority = 100): string {
  if (!Number.isInteger(priority) || priority < 0 || priority > 999) {
    throw new RangeError(`a priority is an integer from 0 to 999 here, not ${priority}`);
  }
  return `entry-${String(priority).padStart(3, '0')}-`;
}

function plainNames(prefix: string, stem: string): QueueNames {
  return { order: (children) => withPrefix(children, prefix).sort(), stem: () => stem, isReordering: false };
}

function withPrefix(children: readonly string[], prefix: string): string[] {
  return children.filter((name) => name.startsWith(prefix));
}

function sortedBy(names: string[], key: (name: string) => string): string[] {
  return names.sort((a, b) => compare(key(a), key(b)));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
