import { describeTransport } from '@zk/compliance';
import { TlsTransport } from '@zk/transport-tls';
import { networkInterfaces } from 'node:os';
import { issue } from './certificates.js';

const hasIpv6Loopback = Object.values(networkInterfaces())
  .flat()
  .some((network) => network?.address === '::1');
const addresses = hasIpv6Loopback ? { ipv6Host: '::1', dualStack: { listenHost: '::', dialHost: '127.0.0.1' } } : {};

const self = issue({ commonName: 'zk', names: ['127.0.0.1', '::1'] });
const identity = { pem: self.pem };
const trust = { pem: self.cert };

describe.each([
  ['TlsTransport', { clientCertificates: 'need' as const }],
  ['TlsTransport that serves plain text, too,', { clientCertificates: 'none' as const, allowsPlainText: true }],
])('', (name, options) => {
  describeTransport(name, {
    ...addresses,
    create: () => ({
      transport: new TlsTransport({ identity, trust, ...options }),
      host: '127.0.0.1',
      close: () => undefined,
    }),
  });
});
