import type { ListenOptions } from '@zk/contracts';
import type { AddressInfo, Server } from 'node:net';

/** The address that `server` now listens on. @throws Error with `code` when it cannot be bound */
export function bind(server: Server, { host, port, backlog }: ListenOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host !== undefined && { host }), ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}
