/** The admin server over TLS: ours and Apache's with the same certificates, asked in every way a client may come. */
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';

import { freePort, temporaryDirectory } from '../../lib/launch.ts';
import type { ServerKind } from '../../lib/launch.ts';
import type { PeerReport } from '../harness.ts';
import { listening } from '../listening.ts';
import type { PeerContext } from '../peers.ts';
import { startServer } from '../server.ts';
import { writeCertificates } from '../tls/certificates.ts';

type Settings = Readonly<Record<string, string | number>>;

const CONFIGURATIONS: Readonly<Record<string, Settings>> = {
  'HTTPS only': { 'admin.forceHttps': 'true' },
  'HTTP and HTTPS on one port': { 'admin.portUnification': 'true' },
  'client certificates': { 'admin.forceHttps': 'true', 'admin.needClientAuth': 'true' },
  'client certificates, and HTTP besides': { 'admin.portUnification': 'true', 'admin.needClientAuth': 'true' },
};

/** How a client comes: the certificate that it shows; undefined for plain HTTP. */
const WAYS: Readonly<Record<string, { readonly certificate: string | undefined } | undefined>> = {
  'plain HTTP': undefined,
  'HTTPS without a certificate': { certificate: undefined },
  'HTTPS with a certificate': { certificate: 'client' },
  "HTTPS with another authority's certificate": { certificate: 'foreign' },
  'HTTPS with an expired certificate': { certificate: 'expired' },
};

const TIMEOUT_MS = 10_000;

export async function overTls({ report, against }: PeerContext): Promise<void> {
  const folder = temporaryDirectory('zk-admin-certificates-');
  writeCertificates(folder);
  for (const [name, settings] of Object.entries(CONFIGURATIONS)) {
    const [ours, apaches] = await Promise.all([
      answersOf(against, folder, settings),
      answersOf('apache', folder, settings),
    ]);
    compare(report, name, ours, apaches);
  }
}

function compare(report: PeerReport, name: string, ours: readonly string[], apaches: readonly string[]): void {
  for (const [index, way] of Object.keys(WAYS).entries()) {
    report.equal(`${name}: ${way} has the answer of Apache's`, ours[index] ?? '', apaches[index] ?? '');
  }
  report.check(`${name}: HTTPS with a certificate is answered`, apaches[2]?.startsWith('200') === true, apaches[2]);
}

/** Of one server, in the order of the ways. */
async function answersOf(kind: ServerKind, folder: string, settings: Settings): Promise<string[]> {
  const port = await freePort();
  const server = await startServer(kind, {
    settings: {
      'admin.enableServer': 'true',
      'admin.serverAddress': '127.0.0.1',
      'admin.serverPort': port,
      'ssl.quorum.keyStore.location': join(folder, 'server.pem'),
      'ssl.quorum.trustStore.location': join(folder, 'authority.pem'),
      ...settings,
    },
  });
  try {
    await listening(port);
    const answers: string[] = [];
    for (const way of Object.values(WAYS)) answers.push(await ask(port, folder, way));
    return answers;
  } finally {
    await server.stop();
  }
}

/** Status and body, or that there is no answer: which error a client sees of a refusal depends on timing. */
function ask(port: number, folder: string, way: (typeof WAYS)[string]): Promise<string> {
  const pem = (name: string): string => readFileSync(join(folder, `${name}.pem`), 'utf8');
  const own = way?.certificate === undefined ? undefined : pem(way.certificate);
  const options = { host: '127.0.0.1', port, path: '/commands/ruok', agent: false, timeout: TIMEOUT_MS };
  const sent =
    way === undefined
      ? requestHttp(options)
      : requestHttps({ ...options, ca: pem('authority'), ...(own === undefined ? {} : { cert: own, key: own }) });
  return new Promise((resolve) => {
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', () => resolve('refused'));
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('error', () => resolve('refused'));
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
    sent.end();
  });
}
