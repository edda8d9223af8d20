import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { useCli } from '../../test/cli.js';

const { path, run } = useCli();

describe('zk-server status', () => {
  let server: Server;
  let port: number;
  let answer: string;

  beforeEach(async () => {
    answer = 'Zookeeper version: x\nMode: standalone\nNode count: 5\n';
    server = createServer((socket) => socket.once('data', () => socket.end(answer)));
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    port = (server.address() as { port: number }).port;
  });

  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it('prints the mode of the server that answers', async () => {
    const { io, code } = await run(['status'], { file: `dataDir=./data\nclientPort=${port}` });
    expect(io.stdout).toBe(
      `Client port found: ${port}. Client address: localhost. Client SSL: false.\nMode: standalone\n`,
    );
    expect(code).toBe(0);
  });

  it('exits with 1 when the answer has no mode', async () => {
    answer = 'This ZooKeeper instance is not currently serving requests\n';
    const { io, code } = await run(['status'], { file: `clientPort=${port}` });
    expect(io.stdout).toContain('Error contacting service. It is probably not running.\n');
    expect(code).toBe(1);
  });

  it('exits with 1 when nobody answers', async () => {
    await new Promise((resolve) => server.close(resolve));
    expect((await run(['status', '--port', String(port)])).code).toBe(1);
  });

  it('finds the port in the only member line', async () => {
    const { io } = await run(['status'], { file: `dataDir=./data\nserver.1=h:2888:3888;localhost:${port}` });
    expect(io.stdout).toContain('Mode: standalone');
  });

  it('finds the port in the dynamic file by myid', async () => {
    mkdirSync(path('data'));
    writeFileSync(path('data', 'myid'), '2\n');
    writeFileSync(path('zoo.dynamic'), `server.1=h:2888:3888;1\nserver.2=h:2888:3888;${port}`);
    const { io } = await run(['status'], { file: 'dataDir=./data\ndynamicConfigFile=zoo.dynamic' });
    expect(io.stdout).toContain('Client port not found in static config file. Looking in dynamic config file.\n');
    expect(io.stdout).toContain('Mode: standalone');
  });

  it('says when myid is needed and missing', async () => {
    const { io } = await run(['status'], {
      file: 'dataDir=./data\nserver.1=h:1:2;3\nserver.2=h:1:2;3\nsecureClientPort=9',
    });
    expect(io.stdout).toContain('myid could not be determined');
    expect(io.stdout).toContain('Client port found: 9. Client address: localhost. Client SSL: true.');
  });
});
