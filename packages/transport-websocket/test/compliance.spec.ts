import { describeTransport } from '@zk/compliance';
import { WebSocketTransport } from '@zk/transport-websocket';
import { networkInterfaces } from 'node:os';

const hasIpv6Loopback = Object.values(networkInterfaces())
  .flat()
  .some((network) => network?.address === '::1');
const addresses = hasIpv6Loopback ? { ipv6Host: '::1', dualStack: { listenHost: '::', dialHost: '127.0.0.1' } } : {};

describeTransport('WebSocketTransport', {
  ...addresses,
  create: () => ({ transport: new WebSocketTransport(), host: '127.0.0.1', close: () => undefined }),
});
