import { MemoryStorage } from '@zk/storage-memory';
import { Harness } from './harness.js';

/** Intervals of this process that run. The timers of the server live in virtual time; jest has timeouts of its own. */
const intervals = new Set<NodeJS.Timeout>();
const holds = (): number => [...intervals].filter((interval) => interval.hasRef()).length;

beforeEach(() => {
  const { setInterval: begin, clearInterval: end } = globalThis;
  jest.spyOn(globalThis, 'setInterval').mockImplementation(((...args: Parameters<typeof begin>) => {
    const interval = begin(...args);
    intervals.add(interval);
    return interval;
  }) as typeof begin);
  jest.spyOn(globalThis, 'clearInterval').mockImplementation((interval) => {
    intervals.delete(interval as NodeJS.Timeout);
    end(interval);
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  intervals.clear();
});

describe('a process that does nothing but run a server', () => {
  it.each(['open', 'close'] as const)('does not end while the server waits for the storage to %s', async (which) => {
    const storage = new MemoryStorage();
    const harness = Harness.inVirtualTime({ storage });
    let reached = (): void => undefined;
    let goOn = (): void => undefined;
    const atWork = new Promise<void>((resolve) => (reached = resolve));
    const permission = new Promise<void>((resolve) => (goOn = resolve));
    const work = storage[which].bind(storage);
    storage[which] = async () => {
      reached();
      await permission;
      await work();
    };
    if (which === 'close') await harness.start();
    const ended = which === 'open' ? harness.start() : harness.stop();
    await atWork;
    expect(holds()).toBe(1);
    goOn();
    await ended;
    expect(holds()).toBe(0);
    await harness.stop();
  });
});
