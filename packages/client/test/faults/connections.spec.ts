import { TIMEOUT_MS, connected, failureOf, server, start, statesOf, text, useFaultRig } from './rig.js';

useFaultRig();

describe('connections', () => {
  it('a half-open connection is given up after two thirds of the session timeout', async () => {
    const client = await connected();
    const states = statesOf(client);
    server.stall(client);
    await server.advance(TIMEOUT_MS / 3 + 10);
    expect(states).toEqual(['connected']);
    await server.advance(TIMEOUT_MS / 3 + 100);
    expect(states.slice(0, 3)).toEqual(['connected', 'suspended', 'reconnected']);
  });

  it('a server that accepts and then says nothing is given up, and so is the call to connect', async () => {
    server.stall();
    const client = start({ connectTimeout: '2s' });
    await server.advance('7s');
    expect(client.failedAttempts.length).toBeGreaterThanOrEqual(3);
    expect(client.failedAttempts[0]!.error.message).toContain('no session within 2000 ms');
    const error = await failureOf(client.connected({ timeout: '1s' }));
    expect(error.name).toBe('OPERATIONTIMEOUT');
    server.release();
    await server.time!.during(client.connected());
  });

  it('an idle connection is kept alive by pings', async () => {
    const client = await connected();
    const kinds: (string | undefined)[] = [];
    server.requests$.subscribe(({ kind }) => kinds.push(kind));
    await server.advance(TIMEOUT_MS * 10);
    expect(client.state).toBe('connected');
    expect(kinds).toHaveLength(30);
    expect(new Set(kinds)).toEqual(new Set(['ping']));
  });

  it('pauses between attempts grow, up to a bound', async () => {
    await server.stop();
    const client = start({ backOff: { initialDelay: 100, maxDelay: '1s' }, session: undefined });
    await server.advance('60s');
    const { failedAttempts } = client.metrics;
    expect(failedAttempts).toBeGreaterThan(55);
    expect(failedAttempts).toBeLessThan(130);
  });

  it('names are looked up anew at each attempt', async () => {
    const asked: string[] = [];
    let address = '10.9.9.9';
    const resolve = (host: string): Promise<readonly string[]> => {
      asked.push(host);
      return address === '' ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve([address]);
    };
    const client = start({ servers: 'zk.example:2181', resolve });
    await server.advance('1s');
    address = '';
    await server.advance('1s');
    address = '127.0.0.1';
    await server.time!.during(client.connected());
    expect(asked.length).toBeGreaterThan(2);
    expect(new Set(asked)).toEqual(new Set(['zk.example']));
  });

  it('every address of a name is tried before the pause, and a name without one does not stop the others', async () => {
    const resolve = (host: string): Promise<readonly string[]> =>
      host === 'bad' ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(['10.0.0.1', '10.0.0.2', '127.0.0.1']);
    const client = start({ servers: 'bad,good', resolve, backOff: { initialDelay: '1s' } });
    await server.advance('1500ms');
    expect(client.state).toBe('connected');
  });

  it('credentials are shown again on the next connection, before anything else', async () => {
    const client = await connected({ auth: [{ scheme: 'digest', auth: 'bob:pw' }] });
    await client.addAuth('digest', 'eve:pw');
    await client.create('/mine', text('x'), { acl: [{ perms: 31, scheme: 'auth', id: '' }] });
    server.cut(client);
    const kinds: (string | undefined)[] = [];
    server.requests$.subscribe(({ kind }) => kinds.push(kind));
    const read = await server.time!.during(client.get('/mine'));
    expect(read.data).toEqual(text('x'));
    expect(kinds).toEqual(['connect', 'auth', 'auth', 'getData']);
  });
});
