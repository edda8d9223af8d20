import { silentLogger, type Transport } from '@zk/contracts';
import { RawClient, fourLetterWord } from '@zk/test-client';
import { TcpTransport } from '@zk/transport-tcp';
import { TlsTransport } from '@zk/transport-tls';
import { WebSocketTransport } from '@zk/transport-websocket';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as dialTls } from 'node:tls';
import { issue } from '../../../packages/transport-tls/test/certificates.js';
import { main } from '../src/cli/main.js';
import { composeServer } from '../src/compose.js';
import type { RunningServer } from '../src/running-server.js';
import { loadConfig } from '../src/config/load.js';
import { FakeIo } from './fake-io.js';

const authority = issue({ commonName: 'authority', isAuthority: true });
const server = issue({ commonName: 'server', names: ['127.0.0.1'], issuer: authority });
const renewed = issue({ commonName: 'renewed', names: ['127.0.0.1'], issuer: authority });
const client = issue({ commonName: 'client', issuer: authority });

const tls = (): TlsTransport => new TlsTransport({ identity: { pem: client.pem }, trust: { pem: authority.cert } });

describe('the standard node, from zoo.cfg,', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zk-secure-'));
  const running: RunningServer[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((node) => node.stop()));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'server.pem'), server.pem);
  writeFileSync(join(directory, 'renewed.pem'), renewed.pem);
  writeFileSync(join(directory, 'authority.pem'), authority.cert);

  let runs = 0;
  const start = async (...lines: string[]): Promise<Record<string, { host: string; port: number }>> => {
    const settings = [
      `dataDir=./data${++runs}`,
      'ssl.keyStore.location=server.pem',
      'ssl.trustStore.location=authority.pem',
      '4lw.commands.whitelist=*',
      ...lines,
    ];
    writeFileSync(join(directory, 'zoo.cfg'), settings.join('\n'));
    const { config } = await loadConfig({ file: 'zoo.cfg', environment: {}, flags: [], workingDirectory: directory });
    const node = await composeServer(config, silentLogger);
    await node.start();
    running.push(node);
    return Object.fromEntries(node.addresses.map(({ name, port }) => [name, { host: '127.0.0.1', port }]));
  };
  const connect = (transport: Transport, at: { host: string; port: number }): Promise<RawClient> =>
    RawClient.connect(transport, { ...at, timeoutMs: 10_000 });

  it('serves one tree to TLS, WebSocket and plain text', async () => {
    const at = await start(
      'clientPort=0',
      'clientPortAddress=127.0.0.1',
      'secureClientPort=0',
      'secureClientPortAddress=127.0.0.1',
      'webSocketPort=0',
      'webSocketPortAddress=127.0.0.1',
      'webSocketPath=/zk',
    );
    expect(Object.keys(at)).toEqual(['client', 'secure', 'websocket']);
    const transports = [new TcpTransport(), tls(), new WebSocketTransport({ path: '/zk' })];
    const clients = await Promise.all(
      ['client', 'secure', 'websocket'].map((name, index) => connect(transports[index]!, at[name]!)),
    );
    await clients[1]!.create('/here', new Uint8Array(3));
    for (const other of clients) expect((await other.getData('/here')).data).toHaveLength(3);
    await Promise.all(clients.map((one) => one.close()));
    const conf = await fourLetterWord(new TcpTransport(), '127.0.0.1', at['client']!.port, 'conf');
    expect(conf).toContain(`clientPort=${at['client']!.port}\nsecureClientPort=${at['secure']!.port}\n`);
  });

  it('serves plain text and TLS on one port', async () => {
    const at = await start('clientPort=0', 'clientPortAddress=127.0.0.1', 'client.portUnification=true');
    expect(Object.keys(at)).toEqual(['client']);
    const [plain, secure] = [await connect(new TcpTransport(), at['client']!), await connect(tls(), at['client']!)];
    await plain.create('/both', new Uint8Array(1));
    expect((await secure.getData('/both')).data).toHaveLength(1);
    await Promise.all([plain.close(), secure.close()]);
  });

  it('takes a new certificate without dropping anybody', async () => {
    copyFileSync(join(directory, 'server.pem'), join(directory, 'own.pem'));
    const at = await start('secureClientPort=0', 'client.certReload=true', 'ssl.keyStore.location=own.pem');
    const before = await connect(tls(), at['secure']!);
    copyFileSync(join(directory, 'renewed.pem'), join(directory, 'own.pem'));
    let subject: string | undefined;
    while (subject !== 'CN=renewed') {
      const handler = { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined };
      const connection = await tls().dial(at['secure']!, () => handler);
      subject = connection.certificateSubject;
      connection.destroy();
    }
    await before.create('/still-here', new Uint8Array(1));
    expect((await before.getData('/still-here')).data).toHaveLength(1);
    await before.close();
  });

  it('asks of WebSockets what it asks of others: versions, and the certificate of now', async () => {
    copyFileSync(join(directory, 'server.pem'), join(directory, 'own.pem'));
    const at = await start(
      'clientPort=0',
      'webSocketPort=0',
      'webSocketPortAddress=127.0.0.1',
      'webSocketTls=true',
      'ssl.enabledProtocols=TLSv1.3',
      'client.certReload=true',
      'ssl.keyStore.location=own.pem',
    );
    const handshake = (options: ConnectionOptions): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = dialTls({ ...at['websocket']!, ca: authority.cert, ...options }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.on('error', reject);
      });
    expect(await handshake({})).toBe('server');
    await expect(handshake({ maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
    copyFileSync(join(directory, 'renewed.pem'), join(directory, 'own.pem'));
    while ((await handshake({})) !== 'renewed');
  });

  it('tells its status where it has no other port', async () => {
    const at = await start('secureClientPort=0', 'secureClientPortAddress=127.0.0.1');
    const settings = ['--set', `secureClientPort=${at['secure']!.port}`, '--set', 'ssl.keyStore.location=server.pem'];
    const io = new FakeIo({ argv: ['status', ...settings], workingDirectory: directory });
    expect(await main(io)).toBe(0);
    expect(io.stdout).toContain('Client SSL: true.\nMode: standalone\n');
  });

  it('says what is wrong with a certificate, without a stack trace', async () => {
    writeFileSync(join(directory, 'broken.pem'), 'nothing');
    const flags = [
      '--data-dir',
      './broken',
      '--set',
      'secureClientPort=0',
      '--set',
      'ssl.keyStore.location=broken.pem',
    ];
    const io = new FakeIo({ argv: ['start-foreground', ...flags], workingDirectory: directory });
    Object.assign(io, { composeServer });
    expect(await main(io)).toBe(2);
    expect(io.logged.at(-1)).toMatchObject({
      level: 'fatal',
      msg: `TLS cannot be served: key store ${join(directory, 'broken.pem')}: it has no private key`,
    });
    expect(io.logged.at(-1)).not.toHaveProperty('err');
  });
});
