import { connect } from 'node:net';
import { once } from 'node:events';
import { type TestServer, createTestServer } from '@zk/testing';
import { type Endpoint, MetricsEndpoint } from '../src/index.js';
import { type Exposition, parseExposition } from './exposition.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the endpoint', () => {
  let server: TestServer;
  let endpoint: MetricsEndpoint;
  let at: Endpoint;

  beforeEach(async () => {
    server = await createTestServer();
    endpoint = new MetricsEndpoint(server.server, { host: '127.0.0.1', port: 0, exportsProcess: false });
    at = await endpoint.start();
  });

  afterEach(async () => {
    await endpoint.stop();
    await server.close();
  });

  const get = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://${at.host}:${at.port}${path}`, { method });
  const scrape = async (query = ''): Promise<Exposition> =>
    parseExposition(await (await get(`/metrics${query}`)).text());

  it('says what the server has counted and measured', async () => {
    const client = await server.connect();
    await client.create('/a', bytes('data'));
    for (let i = 0; i < 3; i++) await client.get('/a');
    const { values } = await scrape();
    expect(values.get('znode_count')).toBe(6);
    expect(values.get('num_alive_connections')).toBe(1);
    expect(values.get('readlatency_count')).toBeGreaterThanOrEqual(3);
    // The session is a write, too.
    expect(values.get('updatelatency_count')).toBe(2);
    expect(values.get('updatelatency{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
    expect(values.get('fsynctime_count')).toBeGreaterThan(0);
  });

  it.each([
    ['znode_count', 'gauge'],
    ['avg_latency', 'gauge'],
    ['quota_count_limit_per_namespace', 'gauge'],
    ['bytes_received_count', 'counter'],
    ['connection_request_count', 'counter'],
    ['readlatency', 'summary'],
    ['fsynctime', 'summary'],
  ])('has %s as a %s', async (name, type) => {
    expect((await scrape()).types.get(name)).toBe(type);
  });

  it.each([
    ['a basic summary', 'node_created_watch_count', ['{quantile="0.5"}', '_count', '_sum']],
    [
      'an advanced summary',
      'readlatency',
      ['{quantile="0.5"}', '{quantile="0.9"}', '{quantile="0.99"}', '_count', '_sum'],
    ],
  ])('has the lines of %s', async (_title, name, ends) => {
    const { values } = await scrape(`?name[]=${name}`);
    expect([...values.keys()]).toEqual(ends.map((end) => `${name}${end}`));
  });

  it('has no number for a quantile of nothing', async () => {
    expect((await scrape()).values.get('node_created_watch_count{quantile="0.5"}')).toBeNaN();
  });

  it('tells namespaces apart by a key, whatever their names are', async () => {
    const client = await server.connect();
    for (const name of ['a', 'odd"name']) {
      await client.create(`/zookeeper/quota/${name}`, null);
      await client.create(`/zookeeper/quota/${name}/zookeeper_limits`, bytes('count=7,bytes=-1'));
    }
    const { values } = await scrape('?name[]=quota_count_limit_per_namespace');
    expect(new Map(values)).toEqual(
      new Map([
        ['quota_count_limit_per_namespace{key="a"}', 7],
        ['quota_count_limit_per_namespace{key="odd\\"name"}', 7],
      ]),
    );
  });

  it('has only what is asked for by name', async () => {
    const { types } = await scrape('?name[]=znode_count&name[]=readlatency&name[]=no_such_metric');
    expect([...types.keys()]).toEqual(['znode_count', 'readlatency']);
  });

  it('names the format', async () => {
    expect((await get('/metrics')).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it.each([
    ['GET', '/metrics', 200],
    ['HEAD', '/metrics', 200],
    ['POST', '/metrics', 200],
    ['PUT', '/metrics', 405],
    ['DELETE', '/metrics', 405],
    ['GET', '/', 404],
    ['GET', '/metrics/', 404],
    ['GET', '/commands/ruok', 404],
    ['GET', '/metrics?name[]=%zz', 200],
  ])('answers %s %s with %d', async (method, path, status) => {
    expect((await get(path, method)).status).toBe(status);
  });

  it('closes a connection of whoever does not speak HTTP', async () => {
    const socket = connect(at.port, at.host);
    socket.end('srvr\n\n').resume();
    await once(socket, 'close');
    expect((await get('/metrics')).status).toBe(200);
  });

  it('ends connections that are open when it stops, and may be stopped twice', async () => {
    const socket = connect(at.port, at.host);
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await endpoint.stop();
    await closed;
    await endpoint.stop();
    await expect(get('/metrics')).rejects.toThrow('fetch failed');
  });

  it('says what kept it from measuring', async () => {
    const inspect = (): never => {
      throw new Error('nothing to see');
    };
    const failing = new MetricsEndpoint({ inspect }, { host: '127.0.0.1', port: 0 });
    const { host, port } = await failing.start();
    const response = await fetch(`http://${host}:${port}/metrics`);
    expect([response.status, await response.text()]).toEqual([500, 'Error: nothing to see\n']);
    await failing.stop();
  });

  it('measures its process too, unless told otherwise', async () => {
    expect((await scrape()).types.has('process_start_time_seconds')).toBe(false);
    const whole = new MetricsEndpoint(server.server, { host: '127.0.0.1', port: 0 });
    const { host, port } = await whole.start();
    const { types } = parseExposition(await (await fetch(`http://${host}:${port}/metrics`)).text());
    expect(types.has('process_start_time_seconds')).toBe(true);
    await whole.stop();
  });
});
