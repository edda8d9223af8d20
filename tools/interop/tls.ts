/** TLS with client certificates, and SASL DIGEST-MD5: every pair of our client, Java's and kazoo with both servers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort, temporaryDirectory } from '../lib/launch.ts';
import type { ServerKind } from '../lib/launch.ts';
import { INTEROP_DIR, compileJava, installApache, installKazoo } from './install.ts';
import { HARNESS, javaArgs } from './java.ts';
import type { Peer } from './peers.ts';
import { startServer } from './server.ts';
import type { TestedServer } from './server.ts';
import { SUBJECTS, writeCertificates } from './tls/certificates.ts';
import { ownClientChecks } from './tls/own-client.ts';

const TITLES: Readonly<Record<ServerKind, string>> = { zk: 'our server', apache: 'Apache ZooKeeper' };
const LOGIN = 'org.apache.zookeeper.server.auth.DigestLoginModule required';

/** The users of the server, and the sections of the clients. */
const JAAS = `Server {
  ${LOGIN} user_bob="bobsecret" user_jürgen="pässwört" user_太郎="ひみつ";
};
Client { ${LOGIN} username="bob" password="bobsecret"; };
Umlaut { ${LOGIN} username="jürgen" password="pässwört"; };
Kanji { ${LOGIN} username="太郎" password="ひみつ"; };
WrongPassword { ${LOGIN} username="bob" password="wrong"; };
UnknownUser { ${LOGIN} username="nobody" password="bobsecret"; };
`;

export const tls: Peer = {
  name: 'tls',
  title: 'TLS and SASL DIGEST-MD5: our client, Java’s and kazoo, on our server and on Apache ZooKeeper',
  startsItsOwn: true,
  notOnEnsembles: 'it starts servers with certificates of its own',
  install: async () => {
    const sources = [...HARNESS, join(INTEROP_DIR, 'tls/TlsPeer.java')];
    const home = await compileJava(await installApache(), sources);
    const { python } = await installKazoo();
    return async ({ report, against }) => {
      const folder = temporaryDirectory('zk-certificates-');
      mkdirSync(folder, { recursive: true });
      writeCertificates(folder);
      const jaas = join(folder, 'jaas.conf');
      writeFileSync(jaas, JAAS);
      for (const kind of against === 'apache' ? (['apache'] as const) : (['zk', 'apache'] as const)) {
        const securePort = await freePort();
        const server = await start(kind, securePort, folder, jaas);
        const title = TITLES[kind];
        await ownClientChecks({ report, server, title, securePort, folder });
        const args = [server.address, String(securePort), folder];
        const flags = [`-Djava.security.auth.login.config=${jaas}`, '-Dzookeeper.fips-mode=false'];
        await report.program('java', [...flags, ...javaArgs(home, 'TlsPeer', ...args)]);
        await report.program(python, [join(INTEROP_DIR, 'tls/peer.py'), ...args]);
        await server.stop();
      }
    };
  },
};

function start(kind: ServerKind, securePort: number, folder: string, jaas: string): Promise<TestedServer> {
  const login = { 'java.security.auth.login.config': jaas };
  const settings = {
    secureClientPort: securePort,
    'ssl.keyStore.location': join(folder, 'server.pem'),
    'ssl.trustStore.location': join(folder, 'authority.pem'),
    'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
    'X509AuthenticationProvider.superUser': SUBJECTS.super,
  };
  if (kind === 'zk') return startServer(kind, { settings: { ...settings, ...login } });
  return startServer(kind, {
    settings: {
      ...settings,
      // In a properties file a backslash escapes.
      'X509AuthenticationProvider.superUser': SUBJECTS.super.replaceAll('\\', '\\\\'),
      serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
      'authProvider.x509': 'org.apache.zookeeper.server.auth.X509AuthenticationProvider',
    },
    machineSettings: login,
  });
}
