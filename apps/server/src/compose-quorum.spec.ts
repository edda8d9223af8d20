import { Ear } from '@zk/compliance';
import { type Connection, silentLogger } from '@zk/contracts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue } from '../../../packages/transport-tls/test/certificates.js';
import { quorumTransport } from './compose-quorum.js';
import type { EnsembleSettings } from './config/ensemble/ensemble-settings.js';
import { loadConfig } from './config/load.js';

const HOST = '127.0.0.1';
const BASE = ['dataDir=.', 'initLimit=10', 'syncLimit=5', 'server.1=127.0.0.1:1:2', 'server.2=127.0.0.1:3:4'];
const KEYS = ['ssl.quorum.keyStore.location=server.pem', 'ssl.quorum.trustStore.location=authority.pem'];
const PLAIN: readonly string[] = [];
const UNIFIED = ['portUnification=true', ...KEYS];
const TLS_OVER_UNIFIED = ['sslQuorum=true', ...UNIFIED];
const TLS = ['sslQuorum=true', ...KEYS];
const FOREIGN = ['sslQuorum=true', 'ssl.quorum.keyStore.location=foreign.pem', KEYS[1]!];
const ELSEWHERE = ['sslQuorum=true', 'ssl.quorum.keyStore.location=elsewhere.pem', KEYS[1]!];
const ANY_NAME = ['ssl.quorum.hostnameVerification=false'];
const SASL = [
  'quorum.auth.enableSasl=true',
  'quorum.auth.learnerRequireSasl=true',
  'quorum.auth.serverRequireSasl=true',
  'java.security.auth.login.config=logins',
];
const OTHER_LOGIN = [...SASL, 'quorum.auth.learner.saslLoginContext=Other'];

describe('the connections between members, as zoo.cfg describes them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zk-quorum-'));

  beforeAll(() => {
    const authority = issue({ commonName: 'authority', isAuthority: true });
    const stranger = issue({ commonName: 'stranger', isAuthority: true });
    const login = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
    const files = {
      'authority.pem': authority.pem,
      'server.pem': issue({ commonName: 'server', names: [HOST], issuer: authority }).pem,
      'elsewhere.pem': issue({ commonName: 'elsewhere', names: ['zoo.example'], issuer: authority }).pem,
      'foreign.pem': issue({ commonName: 'foreign', names: [HOST], issuer: stranger }).pem,
      logins:
        `QuorumServer { ${login} user_zoo="secret"; }; QuorumLearner { ${login} username="zoo" password="secret"; };` +
        `Other { ${login} username="zoo" password="wrong"; };`,
      myid: '1',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const settingsOf = async (more: readonly string[]): Promise<EnsembleSettings> => {
    writeFileSync(join(folder, 'zoo.cfg'), [...BASE, ...more].join('\n'));
    const { config } = await loadConfig({ file: 'zoo.cfg', environment: {}, flags: [], workingDirectory: folder });
    return config.ensemble!;
  };

  /** What the one that listens hears of the other's greeting. */
  const greeting = async (listening: readonly string[], dialling: readonly string[]): Promise<string> => {
    const server = await quorumTransport(await settingsOf(listening), silentLogger);
    const client = await quorumTransport(await settingsOf(dialling), silentLogger);
    const ends: Connection[] = [];
    let hear: (greeting: Promise<string>) => void = () => undefined;
    const greeting = new Promise<string>((resolve) => (hear = resolve));
    const listener = await server.listen({ host: HOST, port: 0 }, (connection) => {
      const ear = new Ear(connection);
      ends.push(connection);
      hear(Promise.race([ear.hears('hello').then(() => ear.text), ear.closed.then(() => '(closed)')]));
      return ear;
    });
    try {
      const connection = await client.dial({ host: HOST, port: listener.port }, (dialled) => new Ear(dialled));
      ends.push(connection);
      connection.write(Buffer.from('hello'), 0, 5);
      return await greeting;
    } finally {
      for (const end of ends) end.destroy();
      await listener.close();
    }
  };

  it.each([
    ['plain text', PLAIN, PLAIN],
    ['plain text, which takes TLS already', UNIFIED, PLAIN],
    ['plain text, from one that takes TLS already', UNIFIED, UNIFIED],
    ['TLS, which still takes plain text', TLS_OVER_UNIFIED, TLS_OVER_UNIFIED],
    ['plain text, which speaks TLS itself', TLS_OVER_UNIFIED, UNIFIED],
    ['TLS', TLS, TLS],
    ['TLS without a look at names', [...TLS, ...ANY_NAME], [...ELSEWHERE, ...ANY_NAME]],
    ['SASL', SASL, SASL],
    ['SASL over TLS', [...TLS, ...SASL], [...TLS, ...SASL]],
  ])('are open to %s', async (_, listening, dialling) => {
    expect(await greeting(listening, dialling)).toBe('hello');
  });

  it.each([
    ['TLS, where only plain text is taken', PLAIN, TLS, /TLS handshake/],
    ['another password', SASL, OTHER_LOGIN, /did not accept the login/],
    ['another password over TLS', [...TLS, ...SASL], [...TLS, ...OTHER_LOGIN], /did not accept the login/],
    ['a server of another name', ELSEWHERE, TLS, /is for DNS:zoo\.example, not for "127\.0\.0\.1"/],
    ['a server that a stranger vouches for', FOREIGN, TLS, /"CN=stranger", which issued it, is not in the trust store/],
  ])('are closed to %s', async (_, listening, dialling, message) => {
    // A port for plain text hears the first bytes of a handshake as anything else, and here nobody answers them.
    const patience = [...dialling, 'ssl.quorum.handshakeDetectionTimeoutMillis=200'];
    await expect(greeting(listening, patience)).rejects.toThrow(message);
  });
});
