import { join } from 'node:path';
import { ConfigFiles } from '../../test/config-files.js';
import type { LoadedConfig } from './load.js';

const DIGEST_LOGIN = 'org.apache.zookeeper.server.auth.DigestLoginModule';
const PROVIDER = 'org.apache.zookeeper.server.auth';

describe('security settings', () => {
  const files = new ConfigFiles();
  const { directory } = files;
  beforeAll(() => {
    for (const name of ['server.p12', 'trust.pem', 'password']) files.write(name, '');
    files.write('jaas.conf', `Server { ${DIGEST_LOGIN} required user_bob="secret" user_ann=x; };`);
    files.write('kerberos.conf', 'Server { com.sun.security.auth.module.Krb5LoginModule required; };');
    files.write('broken.conf', 'Server {');
  });
  afterAll(() => files.remove());

  const textOf = (lines: readonly string[]): string => ['dataDir=/d', ...lines].join('\n');
  const load = (lines: readonly string[], environment: Record<string, string> = {}): Promise<LoadedConfig> =>
    files.load(textOf(lines), { environment });

  it('make a TLS port, and no other unless that is asked for', async () => {
    const lines = ['secureClientPort=2281', 'ssl.keyStore.location=server.p12', 'ssl.keyStore.passwordPath=password'];
    const { config, warnings } = await load(lines);
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({ clientPort: false, secureClientPort: 2281, isClientPortUnified: false });
    expect(config.tls).toEqual({
      keyStore: {
        file: join(directory, 'server.p12'),
        type: undefined,
        password: undefined,
        passwordFile: join(directory, 'password'),
      },
      trustStore: undefined,
      clientAuth: 'need',
      verifiesClientNames: false,
      allowsReverseLookup: false,
      protocols: ['TLSv1.2', 'TLSv1.3'],
      cipherSuites: undefined,
      handshakeTimeoutMs: 5000,
      maxHandshakes: undefined,
      reload: false,
    });
    expect(config.auth.x509).toEqual({ superUser: undefined });
    expect((await load([...lines, 'clientPort=2181'])).config.clientPort).toBe(2181);
  });

  it('are heard of nowhere while no port has TLS', async () => {
    const { config } = await load(['ssl.keyStore.location=server.p12']);
    expect([config.tls, config.auth.x509]).toEqual([undefined, undefined]);
  });

  it.each([
    ['ssl.protocol=TLSv1.3', ['TLSv1.3']],
    ['ssl.enabledProtocols=TLSv1.2', ['TLSv1.2']],
    ['ssl.protocol=TLSv1.3\nssl.enabledProtocols=TLSv1.1,TLSv1.2', ['TLSv1.1', 'TLSv1.2']],
  ])('restrict the versions by %j', async (line, expected) => {
    const { config } = await load(['client.portUnification=true', 'ssl.keyStore.location=server.p12', line]);
    expect(config.isClientPortUnified).toBe(true);
    expect(config.tls?.protocols).toEqual(expected);
  });

  it('read users from a JAAS file that the command line of Java names', async () => {
    const { config } = await load(
      ['superUser=bob', 'superUser.2=ann', `authProvider.1=${PROVIDER}.SASLAuthenticationProvider`],
      {
        SERVER_JVMFLAGS: `-Djava.security.auth.login.config=${directory}/jaas.conf -Dzookeeper.allowSaslFailedClients=true`,
      },
    );
    expect(config.auth.sasl).toEqual({
      users: [
        ['bob', 'secret'],
        ['ann', 'x'],
      ],
      superUsers: ['bob', 'ann'],
      keepsFailed: true,
    });
    expect(config.auth.saslScheme).toEqual({ letAnyUser: undefined });
  });

  it('may require SASL, by either key', async () => {
    const jaas = 'java.security.auth.login.config=jaas.conf';
    for (const lines of [
      ['sessionRequireClientSASLAuth=true'],
      ['enforce.auth.enabled=true', 'enforce.auth.schemes=sasl'],
    ]) {
      expect((await load([jaas, ...lines])).config.auth.enforcedSchemes).toEqual(['sasl']);
    }
  });

  it('go on without SASL, but not in silence, when the section is missing', async () => {
    const { config, warnings } = await load(['java.security.auth.login.config=password']);
    expect(config.auth.sasl).toBeUndefined();
    expect(warnings).toEqual([
      'zoo.cfg:2: java.security.auth.login.config: password has no section "Server": clients cannot log in by SASL',
    ]);
  });

  it.each([
    [['secureClientPort=1'], /secureClientPort needs a certificate and its key: set ssl\.keyStore\.location/],
    [['client.portUnification=true'], /client\.portUnification needs a certificate/],
    [['secureClientPort=1', 'ssl.keyStore.location=no.pem'], /there is no file .*no\.pem/],
    [
      ['secureClientPort=1', 'ssl.keyStore.location=server.p12', 'ssl.keyStore.type=BCFKS'],
      /type is BCFKS; JKS, PEM, PKCS12 can be read here\. Convert it: keytool -importkeystore/,
    ],
    [['secureClientPort=1', 'ssl.keyStore.location=server.p12', 'ssl.crl=true'], /ssl\.crl: .* does not check/],
    [
      ['secureClientPort=1', 'ssl.keyStore.location=server.p12', 'ssl.authProvider=mine'],
      /ssl\.authProvider names "mine"/,
    ],
    [
      ['authProvider.7=com.example.Mine'],
      /authProvider\.7 names the Java class com\.example\.Mine, which cannot run here/,
    ],
    [['java.security.auth.login.config=none.conf'], /none\.conf cannot be read: ENOENT/],
    [['java.security.auth.login.config=broken.conf'], /broken\.conf cannot be read: line 1: the end where/],
    [['java.security.auth.login.config=kerberos.conf'], /Krb5LoginModule; only .*DigestLoginModule .* not Kerberos/],
    [['java.security.auth.login.config=jaas.conf', 'sasl.serverconfig=Other'], /has no section "Other"/],
  ])('stop the start: %j', async (lines, problem) => {
    const problems = await files.problemsOf(textOf(lines));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
