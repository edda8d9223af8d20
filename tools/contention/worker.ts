/** One process of the contention test: its share of the contenders, and what goes wrong for them. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../lib/random.js';
import { Contender } from './contender.js';
import type { Order, Report, WorkerConfig } from './messages.js';

const stop = new AbortController();
// Every contender listens: no leak.
setMaxListeners(0, stop.signal);
process.on('message', (order: Order) => {
  if (order.kind === 'stop') stop.abort();
  else void run(order.config);
});
// Without a parent there is nothing to do.
process.on('disconnect', () => process.exit(1));

async function run(config: WorkerConfig): Promise<void> {
  const random = new SeededRandom(config.seed + config.first);
  const report = (message: Report): void => void process.send?.(message);
  const contenders = Array.from(
    { length: config.contenders },
    (_, index) =>
      new Contender(config, config.first + index, new SeededRandom(config.seed + 1_000 + config.first + index), report),
  );
  const faults = disturb(config, contenders, random, report);
  await Promise.all(contenders.map((contender) => contender.run(stop.signal)));
  await faults;
  await Promise.all(contenders.map((contender) => contender.close()));
  process.send?.({ kind: 'done' } satisfies Report, () => process.exit(0));
}

/** Cuts half of the time, else a stall, a killed session, or a busy process that hears and says nothing. */
async function disturb(
  config: WorkerConfig,
  contenders: readonly Contender[],
  random: SeededRandom,
  report: (message: Report) => void,
): Promise<void> {
  const under: Promise<void>[] = [];
  const timeout = config.sessionTimeoutMs;
  if (config.faultsPerSecond <= 0) return;
  while (!stop.signal.aborted) {
    await delay(random.below(2_000 / config.faultsPerSecond), undefined, { signal: stop.signal }).catch(
      () => undefined,
    );
    if (stop.signal.aborted) break;
    const victim = random.pick(contenders);
    const roll = random.below(20);
    if (roll < 10) victim.cut();
    else if (roll < 16) under.push(victim.stall(random.between(timeout / 10, timeout * 2)));
    else if (roll < 19) under.push(victim.kill());
    else {
      report({ kind: 'count', what: 'busy' });
      const end = performance.now() + random.between(timeout / 10, timeout * 1.3);
      while (performance.now() < end) random.below(2);
    }
  }
  await Promise.all(under);
}
