/** Our client over TLS and with SASL, against either server. */
import { connect } from '@zk/client';
import type { ClientOptions } from '@zk/client';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

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
  /** What our server logs, for this one and for no other. */
  readonly logged?: RegExp;
}

/** Enough for a refusal and the server's line about it, but on a machine that stands still meanwhile. */
const PATIENCE_MS = 2_500;
/** For a second attempt where that was not enough. */
const LONG_PATIENCE_MS = 15_000;

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
  // One after the other: the server logs one refusal a second, and only counts the rest.
  for (const refusal of refusals) await check(context, refusal);
}

/** What one attempt came to. */
interface Outcome {
  readonly hasConnected: boolean;
  readonly said: string;
  readonly isTold: boolean;
  readonly isLogged: boolean;
}

async function check(context: OwnClientContext, refusal: Refusal): Promise<void> {
  const { report, server } = context;
  const sentence = `${context.title}: ${refusal.sentence}`;
  let outcome = await attempt(context, refusal, PATIENCE_MS);
  const isExplained = outcome.isTold && outcome.isLogged;
  if (!outcome.hasConnected && !isExplained) outcome = await attempt(context, refusal, LONG_PATIENCE_MS);
  if (outcome.hasConnected) {
    report.fail(`${sentence}: it connected`);
    return;
  }
  report.check(`${sentence}, and says so`, outcome.isTold, outcome.said);
  if (expectsLine(server, refusal)) report.check(`${sentence}, and the server says so`, outcome.isLogged);
}

async function attempt({ server }: OwnClientContext, refusal: Refusal, patienceMs: number): Promise<Outcome> {
  const { address, options, message, logged } = refusal;
  const before = server.log().length;
  try {
    const client = await connect(address, { ...options, timeout: patienceMs });
    await client.close();
    return { hasConnected: true, said: '', isTold: false, isLogged: false };
  } catch (error) {
    const said = String(error);
    const isInLog = (): boolean => !expectsLine(server, refusal) || logged?.test(server.log().slice(before)) === true;
    return { hasConnected: false, said, isTold: message.test(said), isLogged: await comesTrue(isInLog, patienceMs) };
  }
}

/** Apache's server has words of its own. */
function expectsLine(server: TestedServer, refusal: Refusal): boolean {
  return refusal.logged !== undefined && server.kind === 'zk';
}

async function comesTrue(claim: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!claim()) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}
