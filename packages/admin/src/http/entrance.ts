import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { Logger } from '@zk/contracts';
import type { AdminOptions } from '../options.js';
import { type Entrance, type Handle, bind, closeAll, httpOptions, limited } from './listening.js';

/** @throws Error with `code` when the address cannot be bound, or when certificates cannot be read */
export async function openEntrance(options: AdminOptions, handle: Handle, logger: Logger): Promise<Entrance> {
  if (options.tls !== undefined) {
    const { openSecureEntrance } = await import('./secure-entrance.js');
    return openSecureEntrance(options, options.tls, handle, logger);
  }
  const plain = (request: IncomingMessage, response: ServerResponse): void => handle(request, response);
  const server = limited(createServer(httpOptions(options), plain), options);
  const address = await bind(server, options);
  return { address, close: () => closeAll(server, [server]) };
}
