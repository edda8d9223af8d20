import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningServer } from '../src/running-server.js';
import { ask } from '../src/cli/ask.js';
import { main } from '../src/cli/main.js';
import { composeServer, serverOptionsOf, storageOptionsOf } from '../src/compose.js';
import { loadConfig } from '../src/config/load.js';
import { silentLogger } from '@zk/contracts';
import { FakeIo } from './fake-io.js';

/** The whole program in this process: only signals and the terminal are stand-ins. */
class RealServerIo extends FakeIo {
  real: RunningServer | undefined;

  override readonly composeServer: FakeIo['composeServer'] = async (config) => {
    this.real = await composeServer(config, silentLogger);
    return this.real;
  };
}

describe('the standard node', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zk-node-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function start(...flags: string[]): { io: RealServerIo; done: Promise<number> } {
    const argv = ['start-foreground', '--port', '0', '--address', '127.0.0.1', '--data-dir', './data', ...flags];
    const io = new RealServerIo({ argv, workingDirectory: directory });
    return { io, done: main(io) };
  }

  it('serves, stops in order and starts again on the same data', async () => {
    for (let round = 0; round < 2; round++) {
      const { io, done } = start();
      await Promise.race([io.whenReady(), done]);
      const { host, port } = io.real?.clientAddress ?? { host: '', port: 0 };
      expect(await ask(host, port, 'ruok')).toBe('imok');
      expect(await ask(host, port, 'srvr')).toContain('\nMode: standalone\n');
      expect(await ask(host, port, 'cons')).toContain('not in the whitelist');
      io.signal('SIGTERM');
      expect(await done).toBe(0);
    }
  });

  it('answers the status command of another process', async () => {
    const { io, done } = start();
    await io.whenReady();
    const port = String(io.real?.clientAddress.port);
    const argv = ['status', '--port', port, '--address', '127.0.0.1'];
    const status = new FakeIo({ argv, workingDirectory: directory });
    expect(await main(status)).toBe(0);
    expect(status.stdout).toContain('Mode: standalone\n');
    io.signal('SIGTERM');
    await done;
  });

  it('keeps a second server out of its data directory, with exit code 3 and no stack trace', async () => {
    const first = start();
    await first.io.whenReady();
    const second = start();
    expect(await second.done).toBe(3);
    expect(second.io.logged.at(-1)).toMatchObject({ level: 'fatal', msg: expect.stringContaining('is in use by') });
    expect(second.io.logged.at(-1)).not.toHaveProperty('err');
    first.io.signal('SIGTERM');
    await first.done;
  });

  it('says which address is taken', async () => {
    const first = start();
    await first.io.whenReady();
    const port = String(first.io.real?.clientAddress.port);
    const second = start('--data-dir', './other', '--port', port);
    expect(await second.done).toBe(1);
    expect(second.io.logged.at(-1)?.['msg']).toContain(`port ${port} is taken by another program`);
    first.io.signal('SIGTERM');
    await first.done;
  });

  it('ends with exit code 14 when another program has its election port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const file = [
      'dataDir=data',
      'initLimit=10\nsyncLimit=5',
      `server.1=127.0.0.1:1:${port}`,
      'server.2=127.0.0.2:2888:3888',
      'electionPortBindRetry=1',
    ];
    writeFileSync(join(directory, 'zoo.cfg'), file.join('\n'));
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'data', 'myid'), '1');
    const argv = ['start-foreground', '--port', '0', '--address', '127.0.0.1', 'zoo.cfg'];
    expect(await main(new RealServerIo({ argv, workingDirectory: directory }))).toBe(14);
    other.close();
  });
});

describe('the mapping of settings to options', () => {
  it('hands every number on in the unit that is asked for', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zk-node-'));
    const lines = [
      'dataDir=/d',
      'snapSizeLimitInKb=2',
      'preAllocSize=3',
      'txnLogSizeLimitInKb=4',
      'autopurge.purgeInterval=30m',
      'jute.maxbuffer=2000',
      'jute.maxbuffer.extrasize=100',
      'snapshot.compression.method=snappy',
      'request_throttle_max_requests=5',
      'throttled_op_wait_time=6',
      'enforce.auth.enabled=true',
      'enforce.auth.schemes=digest',
    ];
    writeFileSync(join(directory, 'zoo.cfg'), lines.join('\n'));
    const { config } = await loadConfig({ file: 'zoo.cfg', flags: [], environment: {}, workingDirectory: directory });
    rmSync(directory, { recursive: true });
    expect(serverOptionsOf(config)).toMatchObject({
      snapSizeLimitBytes: 2048,
      purgeIntervalHours: 0.5,
      maxFrameBytes: 2000,
      maxTxnBytes: 2100,
      requestThrottle: { maxRequests: 5, maxWaitMs: 6 },
      requiredAuthSchemes: ['digest'],
    });
    expect(storageOptionsOf(config, silentLogger)).toMatchObject({
      dataDir: '/d',
      dataLogDir: '/d',
      preAllocBytes: 3072,
      txnLogSizeLimitBytes: 4096,
      maxEntryBytes: 2100,
      snapshotCompression: 'snappy',
    });
  });
});
