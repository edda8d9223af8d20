/**
 * Recognises, by the names of its children alone, which recipe lives at a znode (spec: recipes, sections 3 to 16). The
 * names are those of Curator, of kazoo and of this product; what more than one recipe makes, or what people might call
 * their own znodes, is told as "perhaps".
 */
export type RecipeKind =
  'lock' | 'readWriteLock' | 'semaphore' | 'leaderLatch' | 'queue' | 'doubleBarrier' | 'party' | 'lease';

export interface Contender {
  readonly name: string;
  /** Its number, as it is written; by it the contenders are ordered. */
  readonly order: string;
  readonly role: 'holds' | 'waits' | 'item';
  /** `read` or `write` of a read/write lock. */
  readonly mode?: 'read' | 'write';
}

export interface Recognised {
  readonly kind: RecipeKind;
  readonly dialect: 'curator' | 'kazoo' | 'both' | 'unknown';
  readonly contenders: readonly Contender[];
  readonly isCertain: boolean;
  /** Where the contenders are, below the znode: `leases` of a semaphore. */
  readonly below?: string;
}

interface Marked {
  readonly name: string;
  readonly marker: string;
  readonly order: string;
  /** Whether the unique prefix of the dialect is there: then it cannot be anybody else's name. */
  readonly isProtected: boolean;
}

const MARKED =
  /^(_c_[0-9a-f]{8}-[0-9a-f-]{27}-|[0-9a-f]{32})?(.*?)(lock-|latch-|lease-|__READ__|__WRIT__|__lock__|__rlock__)(-?\d{9,10})$/;
const QUEUE_ITEM = /^(queue-.*|qn-)(-?\d{9,10})$/;
const KAZOO_ENTRY = /^entry-\d{3}-(-?\d{9,10})$/;
const PARTY = /^[0-9a-f]{32}__party__$/;
const KAZOO_MARKERS = new Set(['__lock__', '__rlock__']);

/** @returns undefined when nothing is recognised */
export function recognise(children: readonly string[]): Recognised | undefined {
  const marked = children.map(readName).filter((item) => item !== undefined);
  if (marked.length > 0) return contention(marked);
  const items = children.flatMap((name) => {
    const match = QUEUE_ITEM.exec(name) ?? KAZOO_ENTRY.exec(name);
    return match === null ? [] : [{ name, order: name, role: 'item' as const }];
  });
  if (items.length > 0) {
    const dialect = (items[0]?.name ?? '').startsWith('entry-') ? 'kazoo' : 'curator';
    return { kind: 'queue', dialect, contenders: items.sort(byOrder), isCertain: true };
  }
  if (children.includes('lease_holder')) return { kind: 'lease', dialect: 'kazoo', contenders: [], isCertain: true };
  const members = children.filter((name) => PARTY.test(name));
  if (members.length > 0) {
    const contenders = members.map((name) => ({ name, order: name, role: 'holds' as const }));
    return { kind: 'party', dialect: 'kazoo', contenders, isCertain: true };
  }
  if (children.includes('ready') && children.length > 1) {
    const contenders = children
      .filter((name) => name !== 'ready')
      .map((name) => ({ name, order: name, role: 'holds' as const }));
    return { kind: 'doubleBarrier', dialect: 'unknown', contenders, isCertain: false };
  }
  return undefined;
}

function readName(name: string): Marked | undefined {
  const match = MARKED.exec(name);
  if (match === null) return undefined;
  const [, prefix, , marker, order] = match as unknown as [string, string | undefined, string, string, string];
  return { name, marker, order, isProtected: prefix !== undefined };
}

function contention(marked: Marked[]): Recognised {
  marked.sort((a, b) => (a.order === b.order ? byText(a.name, b.name) : byText(a.order, b.order)));
  const markers = new Set(marked.map(({ marker }) => marker));
  const isCertain = marked.some(({ isProtected }) => isProtected);
  const dialect = dialectOf(markers);
  if (markers.has('latch-')) return { kind: 'leaderLatch', dialect, contenders: queueOf(marked), isCertain };
  if (markers.has('lease-')) {
    const contenders = marked.map(({ name, order }) => ({ name, order, role: 'holds' as const }));
    return { kind: 'semaphore', dialect, contenders, isCertain };
  }
  const isReadWrite = markers.has('__READ__') || markers.has('__WRIT__') || markers.has('__rlock__');
  if (isReadWrite) return { kind: 'readWriteLock', dialect, contenders: readWriteQueue(marked), isCertain };
  return { kind: 'lock', dialect, contenders: queueOf(marked), isCertain };
}

function dialectOf(markers: ReadonlySet<string>): Recognised['dialect'] {
  const kazoo = [...markers].filter((marker) => KAZOO_MARKERS.has(marker)).length;
  return kazoo === 0 ? 'curator' : kazoo === markers.size ? 'kazoo' : 'both';
}

function queueOf(marked: readonly Marked[]): readonly Contender[] {
  return marked.map(({ name, order }, index) => ({ name, order, role: index === 0 ? 'holds' : 'waits' }));
}

/** A writer holds when it is first, a reader when no writer came before. */
function readWriteQueue(marked: readonly Marked[]): readonly Contender[] {
  let hasWriter = false;
  return marked.map(({ name, order, marker }, index) => {
    const mode = marker === '__READ__' || marker === '__rlock__' ? 'read' : 'write';
    const holds = mode === 'write' ? index === 0 : !hasWriter;
    hasWriter ||= mode === 'write';
    return { name, order, mode, role: holds ? 'holds' : 'waits' };
  });
}

function byOrder(a: Contender, b: Contender): number {
  return byText(a.order, b.order);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
