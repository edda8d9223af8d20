import { type InvariantName, PLANTED, ServerSimulation, plantedBug } from '../src/index.js';

/** So many seeds must do; `npm run simulate -- --servers 3 --planted` allows more. */
const SEEDS = 40;

/** What each bug breaks, by what is noticed first: a bug may show in more than one way. */
const SHOWS: Readonly<Record<string, readonly InvariantName[]>> = {
  'event-after-reply': ['WatchBeforeData'],
  'event-lost': ['WatchBeforeData'],
  'persistent-fires-once': ['WatchBeforeData'],
  'child-told-twice': ['NoSpuriousEvent'],
  'ttl-halved': ['NoEarlyRemoval'],
  'container-stays': ['RemovedWhenDue'],
  'expired-not-closed': ['RefusedIsOver', 'AbandonedExpire'],
  'early-read': ['RepliesInOrder'],
  'sync-at-once': ['SyncIsFresh'],
  'revalidate-unasked': ['SessionIsServedAlive', 'SessionOrder', 'RepliesInOrder'],
  'matched-by-position': ['WriteIsCommitted', 'RepliesInOrder'],
  'touch-untold': ['NoEarlyExpiry'],
  'blind-set-watches': ['WatchBeforeData'],
  'snapshot-ahead-of-log': ['ServersRun'],
  'snapshot-not-abandoned': [
    'Digest',
    'SameTree',
    'Liveness',
    'OneHistory',
    'ReadFitsZxid',
    'ServersRun',
    'NoEarlyRemoval',
  ],
  'config-of-the-start': ['ReadFitsZxid', 'WatchBeforeData', 'OneConfig'],
  'reconfiguration-untold': ['WatchBeforeData'],
  'multi-blames-all': ['WriteIsCommitted'],
  'one-waits-all-wait': ['NobodyWaits', 'Liveness'],
  'reused-too-early': [
    'RepliesInOrder',
    'WriteIsCommitted',
    'ReadFitsZxid',
    'NoSpuriousEvent',
    'WatchBeforeData',
    'OneHistory',
    'ServersRun',
  ],
  'behind-client': ['SessionOrder', 'RefusedIsOver'],
};

async function firstViolation(name: string): Promise<InvariantName | undefined> {
  const options = { durationMs: 4000, ...plantedBug(name) };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation } = await new ServerSimulation({ seed, ...options }).run();
    if (violation !== undefined) return violation.invariantName;
  }
  return undefined;
}

it('every planted bug is looked for', () => {
  expect(Object.keys(SHOWS).sort()).toEqual(Object.keys(PLANTED).sort());
});

it.each(Object.entries(SHOWS))('%s is found', async (name, invariants) => {
  expect(invariants).toContain(await firstViolation(name));
});

it('a bug that nobody has planted is no name for one', () => {
  expect(() => plantedBug('none')).toThrow('no planted bug is called none; there are event-after-reply');
});
