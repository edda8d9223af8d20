import { type LogFields, type Logger, silentLogger } from '@zk/contracts';
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { composeServer } from '../src/compose.js';
import type { RunningServer } from '../src/running-server.js';
import { ConfigFiles } from './config-files.js';

const PROMETHEUS = 'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';
const NULL_PROVIDER = 'metricsProvider.className=org.apache.zookeeper.metrics.impl.NullMetricsProvider';

describe('the endpoints beside the client ports', () => {
  const files = new ConfigFiles();
  let running: RunningServer | undefined;
  let neighbour: Server | undefined;
  let said: { readonly level: string; readonly fields: LogFields; readonly message: string }[];
  const note =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void said.push({ level, fields, message });
  const logger: Logger = {
    ...silentLogger,
    info: note('info'),
    error: note('error'),
    child: () => logger,
  };

  beforeEach(() => (said = []));
  afterEach(async () => {
    await running?.stop();
    neighbour?.close();
    running = neighbour = undefined;
  });
  afterAll(() => files.remove());

  const start = async (...lines: string[]): Promise<void> => {
    const own = ['dataDir=./data', 'clientPort=0', 'clientPortAddress=127.0.0.1'];
    const { config } = await files.load([...own, ...lines].join('\n'));
    running = await composeServer(config, logger);
    await running.start();
  };
  const opened = () => said.filter(({ message }) => message === 'endpoint open').map(({ fields }) => fields);

  it('serve metrics where the provider for Prometheus is named, at a port that the log names', async () => {
    await start(PROMETHEUS, 'metricsProvider.httpHost=127.0.0.1', 'metricsProvider.httpPort=0');
    expect(opened()).toEqual([{ endpoint: 'metrics', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string }]);
    const response = await fetch(`http://${String(opened()[0]!['address'])}/metrics`);
    const text = await response.text();
    expect(text).toMatch(/^znode_count 5$/m);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
  });

  it('leave the metrics of the process out where exportJvmInfo is false', async () => {
    await start(
      PROMETHEUS,
      'metricsProvider.httpHost=127.0.0.1',
      'metricsProvider.httpPort=0',
      'metricsProvider.exportJvmInfo=false',
    );
    const response = await fetch(`http://${String(opened()[0]!['address'])}/metrics`);
    expect(await response.text()).not.toMatch(/^(process|nodejs)_/m);
  });

  it('serve the admin commands where that is asked for, without the secrets of the configuration', async () => {
    const superDigest = 'DigestAuthenticationProvider.superDigest=super:hush';
    await start('admin.enableServer=true', 'admin.serverAddress=127.0.0.1', 'admin.serverPort=0', superDigest);
    expect(opened()).toEqual([{ endpoint: 'admin', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string }]);
    const response = await fetch(`http://${String(opened()[0]!['address'])}/commands/icfg`);
    const text = await response.text();
    expect(text).toContain('admin.enableServer=true');
    expect(text).not.toContain('hush');
  });

  it.each([
    ['no provider', []],
    ['the admin server switched off', ['admin.enableServer=false']],
    ['the provider of no metrics', [NULL_PROVIDER]],
  ])('are not there with %s', async (_title, lines) => {
    await start(...lines);
    expect(opened()).toEqual([]);
  });

  it('are left out, with an error in the log, when their port is taken', async () => {
    neighbour = createServer().listen(0, '127.0.0.1');
    await once(neighbour, 'listening');
    const { port } = neighbour.address() as AddressInfo;
    await start(PROMETHEUS, 'metricsProvider.httpHost=127.0.0.1', `metricsProvider.httpPort=${port}`);
    expect(said.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        fields: { endpoint: 'metrics', err: expect.objectContaining({ code: 'EADDRINUSE' }) as Error },
        message: 'this endpoint cannot be opened; the server goes on without it',
      },
    ]);
    expect(running!.clientAddress.port).toBeGreaterThan(0);
  });

  it('are not opened for a provider that cannot run here', async () => {
    const problems = await files.problemsOf('dataDir=./data\nmetricsProvider.className=com.example.Metrics');
    expect(problems).toEqual([expect.stringContaining('metricsProvider.className must be')]);
  });
});
