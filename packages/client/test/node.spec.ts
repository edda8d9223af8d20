import { type ZkClient, createClient, connect, REQUEST_CHANNEL, type RequestTrace } from '@zk/client';
import { silentLogger } from '@zk/contracts';
import { createServer, type ZkServer } from '@zk/server';
import { TcpTransport } from '@zk/transport-tcp';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net';
import { Subject, firstValueFrom } from 'rxjs';
import { noLookUp } from '../src/create-client.js';
import { probeServer } from '../src/probe.js';
import { systemRuntime } from '../src/system-runtime.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What there is in Node only: sockets, names, tracing, and a process that has to end. */

describe('in Node', () => {
  let server: ZkServer;
  let address: string;

  beforeAll(async () => {
    server = createServer({ clientHost: '127.0.0.1', clientPort: 0 });
    await server.start();
    address = `127.0.0.1:${server.clientAddress.port}`;
  });

  afterAll(() => server.stop());

  it('connects by name, and by whatever address of it answers', async () => {
    const client = await connect(address.replace('127.0.0.1', 'localhost'));
    expect(client.state).toBe('connected');
    await client.close();
  });

  it.each<[string, (client: ZkClient) => Promise<unknown>]>([
    ['get', (client) => client.get('/nowhere')],
    ['linearizable get', (client) => client.get('/nowhere', { linearizable: true })],
    ['getChildren', (client) => client.getChildren('/nowhere')],
    ['create', (client) => client.create('/nowhere/child')],
    ['create with protection', (client) => client.create('/nowhere/child', null, { protection: true })],
    ['set', (client) => client.set('/nowhere', null)],
    ['delete', (client) => client.delete('/nowhere')],
    ['recursive delete', (client) => client.delete('/nowhere', { recursive: true })],
    ['update', (client) => client.update('/nowhere', (data) => data)],
    ['getAcl', (client) => client.getAcl('/nowhere')],
    ['several at once', (client) => Promise.all([client.exists('/'), client.get('/nowhere')])],
  ])('the stack of a refusal leads to whoever asked: %s', async (_what, ask) => {
    const client = await connect(address);
    async function theCaller(): Promise<void> {
      await ask(client);
    }
    const refusal: unknown = await theCaller().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'NONODE' });
    expect((refusal as Error).stack).toMatch(/^NONODE: .*nowhere/);
    expect((refusal as Error).stack).toMatch(/at (async )?theCaller /);
    await client.close();
  });

  it('says what it has tried when it cannot connect', async () => {
    const error: unknown = await connect('127.0.0.1:1,no-such-host.invalid:2', { timeout: 300 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'CONNECTIONLOSS', maybeApplied: false });
    expect((error as Error).message).toContain('127.0.0.1:1: connect ECONNREFUSED');
    expect((error as Error).message).toContain('no-such-host.invalid:2');
    const { errors, message } = (error as Error).cause as AggregateError;
    expect(errors).toHaveLength(new Set(message.split('; ')).size);
  });

  it('stops connecting when told to', async () => {
    const connecting = connect('127.0.0.1:1', { signal: AbortSignal.timeout(50), timeout: '1h' });
    await expect(connecting).rejects.toMatchObject({ name: 'AbortError', cause: { name: 'TimeoutError' } });
  });

  it('gives up a listener that says nothing', async () => {
    const sockets = new Set<Socket>();
    const blackHole = createSocketServer((socket) => sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => blackHole.listen(0, '127.0.0.1', resolve));
    const { port } = blackHole.address() as AddressInfo;
    const connecting = connect(`127.0.0.1:${port}`, { connectTimeout: 50, timeout: 250 });
    await expect(connecting).rejects.toThrow('no session within 50 ms');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => blackHole.close(resolve));
  });

  it('leaves nothing behind that keeps the process alive', async () => {
    const holding = (): string[] =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name.startsWith('TCPSocket'));
    const before = holding().length;
    const client = createClient(address);
    await client.connected();
    await client.watch('/').start(() => undefined);
    await client.existsAndWatch('/none');
    expect(holding().length).toBeGreaterThan(before);
    const failed = new Subject<void>();
    const hopeless = createClient('127.0.0.1:1', { logger: { ...silentLogger, info: () => failed.next() } });
    await firstValueFrom(failed);
    await Promise.all([client.close(), hopeless.close()]);
    for (let i = 0; i < 10_000 && holding().length > before; i++) await nextTurn();
    expect(holding().length).toBeLessThanOrEqual(before);
  });

  it('traces every request on a diagnostics channel', async () => {
    const seen: string[] = [];
    const traces = new Set<RequestTrace>();
    const channels = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((name) => {
      const channel = `tracing:${REQUEST_CHANNEL}:${name}`;
      const listener = (message: unknown): void => {
        seen.push(name);
        traces.add(message as RequestTrace);
      };
      subscribe(channel, listener);
      return () => unsubscribe(channel, listener);
    });
    const client = await connect(`${address}/zookeeper`);
    await client.exists('/quota');
    await expect(client.get('/none')).rejects.toMatchObject({ name: 'NONODE' });
    for (const stop of channels) stop();
    await client.exists('/quota');
    const once = ['start', 'end', 'asyncStart', 'asyncEnd'];
    expect(seen).toEqual([...once, 'start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    const [exists, get] = [...traces];
    const session = `0x${BigInt.asUintN(64, client.session!.id).toString(16)}`;
    expect(exists).toMatchObject({ op: 'exists', path: '/quota', chroot: '/zookeeper', session, xid: 1 });
    expect(typeof exists!.zxid).toBe('bigint');
    expect(get).toMatchObject({ op: 'getData', path: '/none', xid: 2, error: { name: 'NONODE' } });
    await client.close();
  });

  it('asks a server whether it takes writes', async () => {
    const { port } = server.clientAddress;
    const ask = (at: number): Promise<boolean> =>
      probeServer(new TcpTransport(), noLookUp, systemRuntime.scheduler, { host: '127.0.0.1', port: at });
    expect(await ask(port)).toBe(true);
    await expect(ask(1)).rejects.toThrow('ECONNREFUSED');
  });

  it('leaves no rejection unhandled, whatever happens', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const client = await connect(address);
    const watching = client.watch('/').start(() => undefined);
    client.watch('/a').subscribe();
    const calls = [client.get('/', { linearizable: true }), client.create('/x', null, { protection: true })];
    const outcomes = Promise.allSettled([watching, ...calls]);
    await client.close();
    await outcomes;
    await expect(client.watch('/b').start(() => undefined)).rejects.toMatchObject({ name: 'ClientClosedError' });
    // Node tells of them when the promises of a turn are done.
    await nextTurn();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
