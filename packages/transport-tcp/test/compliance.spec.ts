import { describeTransport } from '@zk/compliance';
import { TcpTransport } from '@zk/transport-tcp';
import { networkInterfaces } from 'node:os';

const hasIpv6Loopback = Object.values(networkInterfaces())
  .flat()
  .some((network) => network?.address === '::1');
const addresses = hasIpv6Loopback ? { ipv6Host: '::1', dualStack: { listenHost: '::', dialHost: '127.0.0.1' } } : {};

describe.each([
  ['TcpTransport with a shared read buffer', true],
  ['TcpTransport with a buffer for each read', false],
])('', (name, sharedReadBuffer) => {
  describeTransport(name, {
    ...addresses,
    create: () => ({ transport: new TcpTransport({ sharedReadBuffer }), host: '127.0.0.1', close: () => undefined }),
  });
});
