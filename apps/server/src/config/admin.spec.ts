import { ConfigFiles } from '../../test/config-files.js';
import { ConfigError } from './config-error.js';
import { maskSecrets } from './mask-secrets.js';

const files = new ConfigFiles();
afterAll(() => files.remove());

const ON = 'dataDir=/d\nadmin.enableServer=true\n';

describe('the admin server', () => {
  it('is off unless it is asked for', async () => {
    expect((await files.load('dataDir=/d\nadmin.serverPort=8081')).config.admin).toBeUndefined();
  });

  it('listens as Apache’s does when it is on', async () => {
    expect((await files.load(ON)).config.admin).toEqual({
      host: '0.0.0.0',
      port: 8080,
      idleTimeoutMs: 30_000,
      commandUrl: '/commands',
      trustsForwardedFor: false,
      isSnapshotEnabled: true,
      isRestoreEnabled: true,
      rateLimiterIntervalMs: 300_000,
      tls: undefined,
    });
  });

  it('believes a proxy about addresses where it is told to', async () => {
    const { config, warnings } = await files.load(`${ON}IPAuthenticationProvider.usexforwardedfor=true`);
    expect([config.admin?.trustsForwardedFor, warnings]).toEqual([true, []]);
  });

  it.each([
    ['admin.forceHttps=true', { allowsPlainText: false, needsClientCertificate: false }],
    ['admin.portUnification=true', { allowsPlainText: true, needsClientCertificate: false }],
    [
      'admin.forceHttps=true\nadmin.portUnification=true\nadmin.needClientAuth=true',
      { allowsPlainText: false, needsClientCertificate: true },
    ],
  ])('speaks TLS with %j', async (lines, expected) => {
    const { config } = await files.load(`${ON}ssl.quorum.keyStore.location=zoo.cfg\n${lines}`);
    expect(config.admin?.tls).toMatchObject(expected);
  });

  it.each([
    ['admin.forceHttps=true', 'needs a certificate and its key'],
    ['admin.commandURL=commands', 'it must be a path such as /commands'],
    ['admin.commandURL=/', 'it must be a path such as /commands'],
    ['admin.idleTimeout=0', 'admin.idleTimeout'],
  ])('is not started with %s', async (line, message) => {
    const problem: unknown = await files.load(ON + line).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(ConfigError);
    expect((problem as ConfigError).message).toContain(message);
  });
});

describe('a configuration that is shown to others', () => {
  it.each([
    ['tickTime=2000', 'tickTime=2000'],
    ['ssl.keyStore.password=hush', 'ssl.keyStore.password=*****'],
    [' ssl.quorum.trustStore.password : hush', ' ssl.quorum.trustStore.password : *****'],
    ['DigestAuthenticationProvider.superDigest super:x=', 'DigestAuthenticationProvider.superDigest *****'],
    ['ssl.keyStore.password=hu\\\n  sh\ntickTime=1', 'ssl.keyStore.password=*****\n*****\ntickTime=1'],
    ['ssl.keyStore.passw\\ord=hush', 'ssl.keyStore.passw\\ord=*****'],
    ['ssl.keyStore.\\\npassword=hush', 'ssl.keyStore.*****\n*****'],
    ['tickTime=1\rssl.keyStore.password=hush\rsyncLimit=5', 'tickTime=1\nssl.keyStore.password=*****\nsyncLimit=5'],
    ['zookeeper.ssl.keyStore.password=hush', 'zookeeper.ssl.keyStore.password=*****'],
    ['ssl.keystore.password=hush', 'ssl.keystore.password=*****'],
    ['ssl.keyStore.passwordPath=here', 'ssl.keyStore.passwordPath=here'],
    ['# ssl.keyStore.password=hush', '# ssl.keyStore.password=hush'],
    ['', ''],
  ])('%j becomes %j', (text, shown) => {
    expect(maskSecrets(text)).toBe(shown);
  });
});
