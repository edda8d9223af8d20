import {
  type Context,
  type ContextManager,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  context,
  createContextKey,
} from '@opentelemetry/api';
import type { ZkClient } from '@zk/client-api';
import { type InstrumentOptions, instrument } from '@zk/opentelemetry';
import { type TestServer, createTestServer } from '@zk/testing';
import { AsyncLocalStorage } from 'node:async_hooks';
import { recordingMeter, recordingTracer } from './recorders.js';

describe('instrument', () => {
  let server: TestServer;
  let client: ZkClient;

  const instrumented = (options: InstrumentOptions = {}) => {
    const [traced, metered] = [recordingTracer(), recordingMeter()];
    const instrumentation = instrument(client, { tracer: traced.tracer, meter: metered.meter, ...options });
    return { ...traced, ...metered, instrumentation, names: () => traced.spans.map(({ name }) => name) };
  };

  beforeEach(async () => {
    server = await createTestServer();
    client = await server.connect({ chroot: '/app' });
    await client.create('/orders', null, { parents: 'persistent' });
  });

  afterEach(() => server.close());

  it('makes a span of each request, named by the operation and the template of the path', async () => {
    const { spans } = instrumented();
    const { stat } = await client.create('/orders/4711');
    await client.get('/orders/4711');
    expect(spans.map(({ name, kind, status }) => [name, kind, status])).toEqual([
      ['create2 /orders/{n}', SpanKind.CLIENT, undefined],
      ['getData /orders/{n}', SpanKind.CLIENT, undefined],
    ]);
    expect(spans[0]!.attributes).toEqual({
      'db.system.name': 'zookeeper',
      'db.operation.name': 'create2',
      'db.namespace': '/app',
      'db.query.summary': 'create2 /orders/{n}',
      'zookeeper.path.template': '/orders/{n}',
      'zookeeper.xid': expect.any(Number) as unknown,
      'zookeeper.session.id': `0x${client.session!.id.toString(16)}`,
      'zookeeper.zxid': `0x${stat.czxid.toString(16)}`,
    });
  });

  it('records the path itself, or another template, when it is told to', async () => {
    const { spans } = instrumented({ recordsPath: true, template: () => '/anything' });
    await client.exists('/orders/4711');
    expect(spans[0]).toMatchObject({ name: 'exists /anything', attributes: { 'zookeeper.path': '/orders/4711' } });
  });

  it('fails the span of a request that is refused, unless that is an everyday answer', async () => {
    const strict = instrumented();
    const lenient = instrumented({ expectedErrors: ['NONODE'] });
    await expect(client.get('/none')).rejects.toMatchObject({ name: 'NONODE' });
    const attributes = { 'error.type': 'NONODE', 'db.response.status_code': '-101', 'zookeeper.maybe_applied': false };
    expect(strict.spans).toMatchObject([{ attributes, status: { code: SpanStatusCode.ERROR } }]);
    expect(lenient.spans).toMatchObject([{ attributes, status: undefined }]);
  });

  it('says that a request may have been applied whose reply was lost', async () => {
    const { spans } = instrumented();
    void server.dropNextReply('create', client);
    await expect(client.create('/orders/1')).rejects.toMatchObject({ name: 'CONNECTIONLOSS' });
    expect(spans).toMatchObject([
      {
        attributes: { 'error.type': 'CONNECTIONLOSS', 'zookeeper.maybe_applied': true },
        status: { code: SpanStatusCode.ERROR },
      },
    ]);
  });

  it('leaves the requests of other clients alone', async () => {
    const other = await server.connect();
    const { names } = instrumented();
    await Promise.all([client.exists('/mine'), other.exists('/theirs'), client.chroot('/view').exists('/mine-too')]);
    expect(names().sort()).toEqual(['exists /mine', 'exists /mine-too']);
  });

  it('goes on in a new session', async () => {
    const { names } = instrumented();
    await server.expireSession(client);
    await client.exists('/after');
    expect(names()).toContain('exists /after');
  });

  it('puts spans below the span that is active at the call', async () => {
    const storage = new AsyncLocalStorage<Context>();
    const manager: ContextManager = {
      active: () => storage.getStore() ?? ROOT_CONTEXT,
      with: (active, fn, thisArg, ...args) => storage.run(active, () => fn.call(thisArg as never, ...args)),
      bind: (_active, target) => target,
      enable: () => manager,
      disable: () => manager,
    };
    context.setGlobalContextManager(manager);
    try {
      const { spans } = instrumented();
      const active = ROOT_CONTEXT.setValue(createContextKey('request'), 'GET /');
      await context.with(active, async () => {
        await client.exists('/orders');
        await client.exists('/orders');
      });
      await client.exists('/orders');
      expect(spans.map(({ parent }) => parent)).toEqual([active, active, ROOT_CONTEXT]);
    } finally {
      context.disable();
    }
  });

  it('measures requests, changes of state, and what is there at the moment', async () => {
    const { measured, observe } = instrumented();
    await client.exists('/orders');
    await client.get('/none').catch(() => undefined);
    server.cut(client);
    await client.exists('/orders');
    const duration = (op: string, error?: string) => ({
      name: 'db.client.operation.duration',
      value: expect.any(Number) as unknown,
      attributes: {
        'db.system.name': 'zookeeper',
        'db.operation.name': op,
        ...(error === undefined ? {} : { 'error.type': error }),
      },
    });
    const change = (state: string) => ({
      name: 'zookeeper.client.state_changes',
      value: 1,
      attributes: { 'zookeeper.client.state': state },
    });
    expect(measured).toEqual([
      duration('exists'),
      duration('getData', 'NONODE'),
      change('suspended'),
      change('reconnected'),
      duration('exists'),
    ]);
    expect(observe()).toEqual({
      'zookeeper.client.connected': 1,
      'zookeeper.client.outstanding': 0,
      'zookeeper.client.waiting': 0,
      'zookeeper.client.watches': 0,
    });
  });

  it('makes spans only, or measures only', async () => {
    const [spansOnly, metricsOnly] = [instrumented({ meter: false }), instrumented({ tracer: false })];
    await client.exists('/orders');
    expect([spansOnly.spans.length, spansOnly.measured.length]).toEqual([1, 0]);
    expect([metricsOnly.spans.length, metricsOnly.measured.length]).toEqual([0, 1]);
  });

  it('stops, and leaves nothing behind', async () => {
    const { spans, measured, observe, instrumentation } = instrumented();
    const pending = client.exists('/orders');
    instrumentation.stop();
    instrumentation.stop();
    await pending;
    await client.exists('/orders');
    server.cut(client);
    await client.exists('/orders');
    expect([spans, measured, observe()]).toEqual([[], [], {}]);
  });

  it('does without a provider: nothing is recorded, and nothing fails', async () => {
    using instrumentation = instrument(client);
    expect(await client.exists('/orders')).not.toBeNull();
    expect(() => instrumentation.stop()).not.toThrow();
  });
});
