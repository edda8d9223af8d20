import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type ZkServer } from '@zk/server';
import { STORAGE, TRANSPORT } from '@zk/contracts';
import { FileStorage } from '@zk/storage-file';
import { TcpTransport } from '@zk/transport-tcp';

describe('a four-letter word whose sender closes its half of the connection at once', () => {
  let server: ZkServer;
  let dataDir: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'half-closed-'));
    server = createServer({ clientPort: 0, clientHost: '127.0.0.1', fourLetterWords: ['*'] }, [
      [STORAGE, new FileStorage({ dataDir })],
      [TRANSPORT, new TcpTransport()],
    ]);
    await server.start();
  });

  afterAll(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true });
  });

  async function answerTo(word: string): Promise<string> {
    const socket: Socket = connect({ ...server.clientAddress, allowHalfOpen: true });
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.end(word);
    await once(socket, 'close');
    return text;
  }

  it.each([
    ['conf', 'clientPort='],
    ['dirs', 'datadir_size: '],
    ['envi', 'Environment:'],
    ['stat', 'Zookeeper version: '],
    ['mntr', 'zk_version\t'],
    ['ruok', 'imok'],
  ])('%s is answered all the same', async (word, beginning) => {
    expect(await answerTo(word)).toMatch(new RegExp(`^${beginning}`));
  });
});
