import { STORAGE, TRANSPORT } from '@zk/contracts';
import { MemoryStorage } from '@zk/storage-memory';
import { fourLetterWord } from '@zk/test-client';
import { MemoryTransport } from '@zk/transport-memory';
import { ENSEMBLE, createServer } from '../src/index.js';

describe('parts of a server', () => {
  it('may be registered as absent: without an ensemble it serves alone', async () => {
    const transport = new MemoryTransport();
    const server = createServer({ clientPort: 0, fourLetterWords: ['*'] }, [
      [TRANSPORT, transport],
      [STORAGE, new MemoryStorage()],
      [ENSEMBLE, undefined],
    ]);
    await server.start();
    const { host, port } = server.clientAddress;
    expect(await fourLetterWord(transport, host, port, 'srvr')).toMatch(/^Mode: standalone$/m);
    await server.stop();
  });
});
