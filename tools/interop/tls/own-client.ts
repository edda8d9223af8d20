/** Our client over TLS and with SASL, against either server. */
import { connect } from '@zk/client';
import type { ClientOptions } from '@zk/client';
import { join } from 'node:path';

import type { PeerReport } from '../harness.ts';
import type { TestedServer } from '../server.ts';
import { SUBJECTS } from './certificates.ts';

export interface OwnClientContext {
  readonly report: PeerReport;
  readonly server: TestedServer;
  readonly title: string;
  readonly securePort: number;
  readonly folder: string;
}

type Tls = NonNullable<ClientOptions['tls']>;

interface Refusal {
  readonly sentence: string;
  readonly address: string;
  readonly options: ClientOptions;
  /** What our client says. */
  readonly message: RegExp;
  /** What our server logs. */
  readonly logged?: RegExp;
}

const PATIENCE_MS = 2_500;

export async function ownClientChecks(context: OwnClientContext): Promise<void> {
  const { report, server, title, securePort, folder } = context;
  const secure = `127.0.0.1:${securePort}`;
  const tls = (identity?: string, trust = 'authority'): Tls => ({
    trust: { file: join(folder, `${trust}.pem`) },
    ...(identity === undefined ? {} : { identity: { file: join(folder, `${identity}.pem`) } }),
  });
  const bob = { username: 'bob', password: 'bobsecret' };

  const proves = async (what: string, address: string, options: ClientOptions, id: string): Promise<void> => {
    const sentence = `${title}: ${what}`;
    try {
      const client = await connect(address, { ...options, timeout: 15_000 });
      const ids = await client.whoAmI();
      await client.close();
      const shown = ids.map((known) => Object.values(known).join(':'));
      report.check(sentence, shown.includes(id), shown.join(' '));
    } catch (error) {
      report.fail(`${sentence}: ${String(error)}`);
    }
  };
  await proves(
    'our client has the x509 id of its certificate',
    secure,
    { tls: tls('client') },
    `x509:${SUBJECTS.client}`,
  );
  await proves('our client logs in by SASL', server.address, { sasl: bob }, 'sasl:bob');
  const umlaut = { username: 'jürgen', password: 'pässwört' };
  await proves('our client logs in by SASL as jürgen', server.address, { sasl: umlaut }, 'sasl:jürgen');
  const kanji = { username: '太郎', password: 'ひみつ' };
  await proves('our client logs in by SASL as 太郎', server.address, { sasl: kanji }, 'sasl:太郎');
  await proves('our client logs in by SASL over TLS', secure, { tls: tls('client'), sasl: bob }, 'sasl:bob');

  const refusals: readonly Refusal[] = [
    {
      sentence: 'our client refuses a server whose certificate is not trusted',
      address: secure,
      options: { tls: tls('client', 'stranger') },
      message: /is not trusted: "CN=authority", which issued it, is not in the trust store/,
    },
    {
      sentence: 'our client refuses a server of another name',
      address: `127.0.0.2:${securePort}`,
      options: { tls: tls('client') },
      message: /is for .*zk\.example.*, not for "127\.0\.0\.2"/,
    },
    {
      sentence: 'our client is refused without a certificate',
      address: secure,
      options: { tls: tls() },
      message: /client certificate is required|it may want a client certificate|refuses this certificate/,
      logged: /a client certificate is required/,
    },
    {
      sentence: 'our client is refused with a certificate that is not trusted',
      address: secure,
      options: { tls: tls('foreign') },
      message: /may refuse this client certificate|refuses this certificate|does not trust this certificate/,
      logged: /the certificate of client 127\.0\.0\.1 is not trusted/,
    },
    {
      sentence: 'our client is refused with a certificate that has expired',
      address: secure,
      options: { tls: tls('expired') },
      message: /may refuse this client certificate|refuses this certificate|has expired/,
      logged: /the certificate of client 127\.0\.0\.1 has expired/,
    },
    {
      sentence: 'our client finds plain text where TLS should be',
      address: server.address,
      options: { tls: tls('client') },
      message: /perhaps its port is for plain text|does not speak TLS/,
    },
    {
      sentence: 'our client speaks plain text to a TLS port',
      address: secure,
      options: {},
      message: /./,
      logged: /does not speak TLS: plain text came instead/,
    },
    {
      sentence: 'our client is refused with a wrong password',
      address: server.address,
      options: { sasl: { ...bob, password: 'wrong' } },
      message: /auth/i,
      logged: /wrong password for user .*bob/,
    },
  ];
  for (const refusal of refusals) await check(context, refusal);
}

async function check({ report, server, title }: OwnClientContext, refusal: Refusal): Promise<void> {
  const { sentence, address, options, message, logged } = refusal;
  try {
    const client = await connect(address, { ...options, timeout: PATIENCE_MS });
    await client.close();
    report.fail(`${title}: ${sentence}: it connected`);
    return;
  } catch (error) {
    report.check(`${title}: ${sentence}, and says so`, message.test(String(error)), String(error));
  }
  if (logged === undefined || server.kind !== 'zk') return;
  report.check(`${title}: ${sentence}, and the server says so`, logged.test(server.log()));
}
