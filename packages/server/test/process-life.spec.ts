import { MemoryStorage } from '@zk/storage-memory';
import { Harness } from './harness.js';

/** Timers that keep this process alive; those of the server live in virtual time. */
function holds(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

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
    const before = holds();
    if (which === 'close') await harness.start();
    const ended = which === 'open' ? harness.start() : harness.stop();
    await atWork;
    expect(holds()).toBe(before + 1);
    goOn();
    await ended;
    expect(holds()).toBe(before);
    await harness.stop();
  });
});
