import type { MemoryTransport } from '@zk/transport-memory';
import { RawClient } from '@zk/test-client';
import { memberLine } from '@zk/testing';
import type { ZkServer } from '../src/index.js';
import { Harness } from './harness.js';
import { outcome, text } from './outcomes.js';
import { Trio, until } from './trio.js';

const HOST = '127.0.0.1';
const REFUSED = { code: 'ECONNREFUSED' };

const connect = (transport: MemoryTransport, port: number, host = HOST): Promise<RawClient> =>
  RawClient.connect(transport, { host, port, timeoutMs: 10_000 });

describe('a client port that moves', () => {
  let harness: Harness;

  beforeEach(async () => {
    harness = await new Harness({ options: { clientHost: HOST, clientPort: 4000 } }).start();
  });

  afterEach(() => harness.stop());

  const movedTo = async (server: ZkServer, host: string, port: number): Promise<void> => {
    server.moveClientPort({ host, port });
    await until(() => server.clientAddress.host === host && server.clientAddress.port === port);
  };

  it.each([
    ['another port', HOST, 4001],
    ['another address with the same port', '10.0.0.1', 4000],
    ['all addresses, with the same port', '0.0.0.0', 4000],
  ])('takes clients at %s, and those who are connected stay', async (_what, host, port) => {
    const { server, transport } = harness;
    const old = await harness.connect();
    await movedTo(server, host, port);
    const other = await connect(transport, port, host === '0.0.0.0' ? HOST : host);
    await other.create('/a', 'x');
    expect(text((await old.getData('/a')).data)).toBe('x');
    if (host !== '0.0.0.0') await expect(connect(transport, 4000)).rejects.toMatchObject(REFUSED);
  });

  it.each([
    ['another port', HOST, 4001],
    ['another address with the same port', '10.0.0.1', 4000],
  ])('stays where it is when %s is taken', async (_what, host, port) => {
    const { server, transport, log } = harness;
    const taken = await transport.listen({ host, port }, () => undefined);
    server.moveClientPort({ host, port });
    await until(() => log.errors.length > 0);
    expect(log.errors).toEqual([expect.stringContaining('cannot move')]);
    log.errors.length = 0;
    expect(server.clientAddress).toMatchObject({ host: HOST, port: 4000 });
    await (await harness.connect()).create('/a', 'x');
    await taken.close();
  });

  it('is where the last of several moves took it', async () => {
    const { server, transport } = harness;
    for (const port of [4001, 4002]) server.moveClientPort({ host: HOST, port });
    await movedTo(server, HOST, 4003);
    for (const port of [4000, 4001, 4002]) await expect(connect(transport, port)).rejects.toMatchObject(REFUSED);
  });
});

describe('a client port in a configuration', () => {
  it('moves when the configuration does, and clients are served throughout', async () => {
    const trio = await new Trio({
      server: { skipAcl: true, reconfigEnabled: true },
      member: { peer: { isReconfigEnabled: true } },
    }).start();
    const id = trio.follower;
    const client = await trio.connect(id);
    await client.create('/before', '');
    await client.reconfig({ joiningServers: memberLine(id).replace(/\d+$/, '5000') });
    await until(() => trio.server(id).clientAddress.port === 5000);
    const other = await connect(trio.transport, 5000);
    expect(await outcome(other.getData('/before'))).toBe('OK');
    expect(await outcome(client.getData('/before'))).toBe('OK');
    await expect(trio.connect(id)).rejects.toMatchObject(REFUSED);
    await trio.end();
  });
});
