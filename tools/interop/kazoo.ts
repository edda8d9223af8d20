/** kazoo: a script of ours, then kazoo's own tests. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { freePort, temporaryDirectory } from '../lib/launch.ts';
import { INTEROP_DIR, installKazoo } from './install.ts';
import type { Peer, PeerContext } from './peers.ts';
import { SUPER_AUTH, startServer } from './server.ts';
import type { RestartableServer, StartOptions, TestedServer } from './server.ts';

export const kazoo: Peer = {
  name: 'kazoo',
  title: 'kazoo 2.11 with its own tests',
  install: async () => {
    const { python } = await installKazoo();
    return async (context) => {
      const env = { ZK_INTEROP_SUPER: SUPER_AUTH, PYTHONDONTWRITEBYTECODE: '1' };
      await context.report.program(python, [join(INTEROP_DIR, 'kazoo/peer.py'), context.server.address], { env });
      await runOwnTests(context, python);
    };
  },
};

async function runOwnTests({ report, server, against }: PeerContext, python: string): Promise<void> {
  const own =
    server.kind === 'external' || server.restartable !== undefined ? undefined : await OwnServer.start(against);
  const restartable = own ?? server.restartable;
  const control = createServer((request, response) => {
    const what = request.url === '/stop' ? restartable?.stop() : restartable?.run();
    Promise.resolve(what).then(
      () => response.end('done'),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  control.listen(0, '127.0.0.1');
  await once(control, 'listening');
  const env = {
    PYTHONPATH: join(INTEROP_DIR, 'kazoo'),
    PYTHONDONTWRITEBYTECODE: '1',
    ZK_INTEROP_SERVER: own?.address ?? server.address,
    ZK_INTEROP_CONTROL: restartable === undefined ? '' : `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    // kazoo's harness wants it set; nothing is started from it.
    ZOOKEEPER_VERSION: '3.9.5',
  };
  const options = ['-p', 'interop_plugin', '-p', 'no:cacheprovider', '-q', '-s', '--timeout=60', '--tb=short'];
  const cwd = temporaryDirectory('zk-interop-kazoo-');
  const args = [
    '-m',
    'pytest',
    ...options,
    '--pyargs',
    'kazoo.tests',
    ...(process.env['ZK_INTEROP_PYTEST']?.split(' ') ?? []),
  ];
  await report.program(python, args, { env, cwd, timeoutMs: 1_200_000 });
  control.close();
  control.closeAllConnections();
  await own?.stop();
}

/** A server that comes back on the same port with the same data. */
class OwnServer implements RestartableServer {
  private constructor(
    private readonly kind: PeerContext['against'],
    private readonly options: StartOptions,
    private current: TestedServer | undefined,
    readonly address: string,
  ) {}

  static async start(kind: PeerContext['against']): Promise<OwnServer> {
    const options = {
      dataDir: temporaryDirectory('zk-interop-kazoo-data-'),
      port: await freePort(),
    };
    const server = await startServer(kind, options);
    return new OwnServer(kind, options, server, server.address);
  }

  async run(): Promise<void> {
    this.current ??= await startServer(this.kind, this.options);
  }

  async stop(): Promise<void> {
    const stopping = this.current;
    this.current = undefined;
    await stopping?.stop();
  }
}
