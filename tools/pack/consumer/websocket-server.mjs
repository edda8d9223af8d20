// A server for pages, of the published packages: prints its address, lets in the origin it is given.
import { STORAGE, TRANSPORT } from '@zk/contracts';
import { createServer } from '@zk/server';
import { MemoryStorage } from '@zk/storage-memory';
import { WebSocketTransport } from '@zk/transport-websocket';

const transport = new WebSocketTransport({ path: '/zk', allowedOrigins: [process.argv[2]] });
const server = createServer({ clientHost: '127.0.0.1', clientPort: 0 }, [
  [TRANSPORT, transport],
  [STORAGE, new MemoryStorage()],
]);
await server.start();
console.log(`127.0.0.1:${server.clientAddress.port}`);
process.stdin.resume().on('end', () => server.stop());
