import type { Connection, ConnectionHandler } from '@zk/contracts';
import { MemoryTransport } from '@zk/transport-memory';
import { type HostAndPort, deaf, dialAny, isReachable, parseHostAndPort } from '../src/dialling.js';
import { realScheduler as scheduler } from './cluster.js';

const dead: HostAndPort = { host: '10.0.0.1', port: 1 };
const silent: HostAndPort = { host: '10.0.0.2', port: 2 };
const alive: HostAndPort = { host: '10.0.0.3', port: 3 };
const alsoAlive: HostAndPort = { host: '10.0.0.4', port: 4 };

const open = (): ConnectionHandler => deaf;
/** Long enough for everybody who answers at all, for one who never does. */
const SHORT_MS = 30;

describe('a server with several addresses', () => {
  let transport: MemoryTransport;

  beforeEach(async () => {
    transport = new MemoryTransport();
    for (const address of [alive, alsoAlive, silent]) await transport.listen(address, () => deaf);
    transport.stall(silent.port);
  });

  const reached = async (connecting: Promise<Connection>): Promise<string> => {
    const connection = await connecting;
    connection.destroy();
    return connection.remoteAddress;
  };

  it.each([
    ['the one that answers, when others refuse or say nothing', false, [dead, silent, alive], alive],
    ['the first in their order that answers', true, [dead, silent, alive, alsoAlive], alive],
    ['the first of all', true, [alsoAlive, alive], alsoAlive],
  ])('is reached at %s', async (_what, isInTurn, addresses, expected) => {
    const options = { timeoutMs: isInTurn ? SHORT_MS : 10_000, isInTurn };
    expect(await reached(dialAny({ transport, scheduler }, addresses, options, open))).toBe(expected.host);
  });

  it('is reached when it begins to listen at one address, while another one says nothing', async () => {
    const connecting = dialAny({ transport, scheduler }, [dead, silent], { timeoutMs: 10_000 }, open);
    await new Promise<void>((resolve) => scheduler.after(SHORT_MS, resolve));
    const listener = await transport.listen(dead, () => deaf);
    expect(await reached(connecting)).toBe(dead.host);
    await listener.close();
  });

  it('is connected to once, although two addresses answer', async () => {
    let opened = 0;
    const counting = (): ConnectionHandler => {
      opened++;
      return deaf;
    };
    await reached(dialAny({ transport, scheduler }, [alive, alsoAlive], { timeoutMs: 10_000 }, counting));
    expect(opened).toBe(1);
  });

  it.each([false, true])('cannot be reached when no address answers in time (in turn: %s)', async (isInTurn) => {
    const dialled = dialAny({ transport, scheduler }, [dead, silent], { timeoutMs: SHORT_MS, isInTurn }, open);
    await expect(dialled).rejects.toThrow(AggregateError);
  });

  it('cannot be reached when no address is known', async () => {
    await expect(dialAny({ transport, scheduler }, [], { timeoutMs: 1 }, open)).rejects.toThrow('no address is known');
  });

  it.each([undefined, true])('is probed while idle as the caller says: %s', async (keepAlive) => {
    const dial = jest.spyOn(transport, 'dial');
    const options = { timeoutMs: 10_000, ...(keepAlive === undefined ? {} : { keepAlive }) };
    await reached(dialAny({ transport, scheduler }, [alive], options, open));
    expect(dial.mock.calls[0]![0]).toMatchObject({ ...alive, keepAlive: keepAlive ?? false });
  });

  it.each([
    ['answers', alive, true],
    ['refuses', dead, false],
    ['says nothing', silent, false],
  ])('is found out to be there or not at an address that %s', async (_what, address, expected) => {
    const timeoutMs = expected ? 10_000 : SHORT_MS;
    expect(await isReachable({ transport, scheduler }, address, timeoutMs)).toBe(expected);
  });
});

describe('parseHostAndPort', () => {
  it.each([
    ['zk1:3888', { host: 'zk1', port: 3888 }],
    ['[::1]:3888', { host: '::1', port: 3888 }],
    ['::1:3888', undefined],
    ['zk1', undefined],
  ])('reads %s', (text, expected) => {
    expect(parseHostAndPort(text)).toEqual(expected);
  });
});
