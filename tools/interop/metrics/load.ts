/** A little of everything, the same for each server: what it counts must be the same afterwards. */
import { RawClient } from '../../lib/raw-client.ts';
import { CreateFlag, Op, body } from '../../lib/wire.ts';

const data = (text: string): Buffer => Buffer.from(text);

/** Clients that stay connected, so that sessions, ephemerals and watches are there to be counted. */
export async function load(port: number): Promise<readonly RawClient[]> {
  const client = await RawClient.open({ port, timeoutMs: 30_000 });
  const other = await RawClient.open({ port, timeoutMs: 30_000 });
  await client.request(Op.create, body.create('/a', data('x')));
  await client.request(Op.setData, body.setData('/a', data('longer')));
  for (let index = 0; index < 20; index++) await client.request(Op.getData, body.pathAndFlag('/a', false));
  await client.request(Op.create, body.create('/a/e', null, CreateFlag.ephemeral));
  await client.request(Op.create, body.create('/a/s-', null, CreateFlag.sequential));
  await other.request(Op.getData, body.pathAndFlag('/a', true));
  await other.request(Op.exists, body.pathAndFlag('/b', true));
  await other.request(Op.getChildren, body.pathAndFlag('/a', true));
  await client.request(Op.create, body.create('/b', null));
  await client.request(Op.create, body.create('/a/c', null));
  await client.request(Op.setData, body.setData('/a', data('again')));
  await other.request(Op.exists, body.pathAndFlag('/stays', true));
  await client.request(Op.create, body.create('/a', null));
  await client.request(Op.delete, body.delete('/nowhere'));
  await client.request(Op.setData, body.setData('/a', data(''), 77));
  await client.request(Op.create, body.create('/zookeeper/quota/a', null));
  await client.request(Op.create, body.create('/zookeeper/quota/a/zookeeper_limits', data('count=7,bytes=-1')));
  await client.request(Op.create, body.create('/zookeeper/quota/a/zookeeper_stats', data('count=3,bytes=9')));
  const gone = await RawClient.open({ port, timeoutMs: 30_000 });
  await gone.close();
  return [client, other];
}
