import { type Logger, type Scheduler, silentLogger } from '@zk/contracts';
import { MemoryTransport } from '@zk/transport-memory';
import { BoundPort, type BoundPortOptions } from '../src/bound-port.js';
import type { HostAndPort } from '../src/dialling.js';

/** Time passes when a test says so. */
class ManualScheduler implements Scheduler {
  private readonly waiting = new Set<() => void>();

  after(_delayMs: number, callback: () => void): { cancel(): void } {
    this.waiting.add(callback);
    return { cancel: () => void this.waiting.delete(callback) };
  }

  atTurnEnd(callback: () => void): void {
    setImmediate(callback);
  }

  get isWaiting(): boolean {
    return this.waiting.size > 0;
  }

  pass(): void {
    for (const callback of this.waiting) {
      this.waiting.delete(callback);
      callback();
    }
  }
}

const first: HostAndPort = { host: '10.0.0.1', port: 3888 };
const second: HostAndPort = { host: '10.0.0.2', port: 3888 };

describe('a port of the ensemble', () => {
  const transport = new MemoryTransport();
  let scheduler: ManualScheduler;
  let port: BoundPort;
  let addresses: readonly HostAndPort[];
  let givenUp: unknown[];

  const make = (options?: Partial<BoundPortOptions>, logger: Logger = silentLogger): BoundPort => {
    scheduler = new ManualScheduler();
    givenUp = [];
    port = new BoundPort(
      { transport, scheduler, logger },
      { maxAttempts: 0, keepAlive: false, ...options },
      {
        addresses: () => addresses,
        accept: () => ({ onData: () => undefined, onDrain: () => undefined, onClose: () => undefined }),
        givenUp: (error) => void givenUp.push(error),
      },
    );
    return port;
  };
  const occupy = (address: HostAndPort): ReturnType<MemoryTransport['listen']> =>
    transport.listen(address, () => undefined);
  const isListening = async (address: HostAndPort): Promise<boolean> => {
    try {
      const connection = await transport.dial(address, () => ({
        onData: () => undefined,
        onDrain: () => undefined,
        onClose: () => undefined,
      }));
      connection.destroy();
      return true;
    } catch {
      return false;
    }
  };
  /** What a retry does is over when the port has been asked for something else. */
  const retried = async (): Promise<void> => {
    scheduler.pass();
    await new Promise<void>((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => setImmediate(resolve));
  };

  afterEach(async () => {
    await port.close();
    expect(await isListening(first)).toBe(false);
  });

  it('listens on all addresses of its server, and on none once it is closed', async () => {
    addresses = [first, second];
    await make().open();
    expect([await isListening(first), await isListening(second)]).toEqual([true, true]);
    await port.close();
    expect([await isListening(first), await isListening(second)]).toEqual([false, false]);
  });

  it('moves when its addresses change, and stays where they do not', async () => {
    addresses = [first];
    await make().open();
    addresses = [second];
    await port.refresh();
    expect([await isListening(first), await isListening(second)]).toEqual([false, true]);
    await port.refresh();
    expect(await isListening(second)).toBe(true);
  });

  it('does not open because addresses change while it is closed', async () => {
    addresses = [first];
    await make().refresh();
    expect(await isListening(first)).toBe(false);
  });

  it('listens where it can, and tries the other address again', async () => {
    addresses = [first, second];
    const taken = await occupy(first);
    await make({ maxAttempts: 1 }).open();
    expect(await isListening(second)).toBe(true);
    expect(givenUp).toEqual([]);
    await taken.close();
    await port.refresh();
    expect(await isListening(first)).toBe(true);
  });

  it.each([1, 3])('gives up when the attempt number %i has failed too', async (maxAttempts) => {
    addresses = [first];
    const taken = await occupy(first);
    await make({ maxAttempts }).open();
    for (let attempt = 2; attempt <= maxAttempts; attempt++) {
      expect(givenUp).toEqual([]);
      await retried();
    }
    expect(givenUp).toEqual([expect.objectContaining({ code: 'EADDRINUSE' })]);
    expect(scheduler.isWaiting).toBe(false);
    await taken.close();
  });

  it('counts attempts in a row only', async () => {
    addresses = [first];
    let taken = await occupy(first);
    await make({ maxAttempts: 2 }).open();
    await taken.close();
    await retried();
    await port.close();
    taken = await occupy(first);
    await port.open();
    expect(givenUp).toEqual([]);
    await taken.close();
  });

  it('never gives up when no attempt is the last', async () => {
    addresses = [first];
    const taken = await occupy(first);
    await make({ maxAttempts: 0 }).open();
    for (let attempt = 0; attempt < 10; attempt++) await retried();
    expect(scheduler.isWaiting).toBe(true);
    await taken.close();
    await retried();
    expect(await isListening(first)).toBe(true);
  });

  it.each([true, false])('asks for probes of idle connections as it was told: %s', async (keepAlive) => {
    addresses = [first];
    const listen = jest.spyOn(transport, 'listen');
    await make({ keepAlive }).open();
    expect(listen.mock.calls[0]![0]).toEqual({ ...first, keepAlive });
    listen.mockRestore();
  });
});
