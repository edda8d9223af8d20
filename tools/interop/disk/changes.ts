/** What is written before a data directory changes hands: every kind of znode and every kind of transaction. */
import { RawClient } from '../../lib/raw-client.ts';
import { ByteReader, ByteWriter, CreateFlag, Op, body } from '../../lib/wire.ts';

const TTL_FLAG = 5;
const SEQUENTIAL_TTL_FLAG = 6;
const AN_HOUR_MS = 3_600_000n;
/** The digest of "writer:pw". */
const DIGEST_ID = 'writer:1gOaRHh3lgDCScV29ZPSw4jWEVQ=';

/** Sends a request that must succeed. */
export async function must(client: RawClient, type: number, request: Buffer): Promise<Buffer> {
  const reply = await client.request(type, request);
  if (reply.error !== 0) throw new Error(`request of type ${type} failed with code ${reply.error}`);
  return reply.payload;
}

async function refused(client: RawClient, type: number, request: Buffer, code: number): Promise<void> {
  const reply = await client.request(type, request);
  if (reply.error !== code) throw new Error(`request of type ${type} gave ${reply.error} instead of ${code}`);
}

const text = (value: string): Buffer => Buffer.from(value, 'utf8');

export function withAcl(path: string, entries: readonly (readonly [number, string, string])[]): Buffer {
  const writer = new ByteWriter().string(path).bytes(text('guarded')).int32(entries.length);
  for (const [permissions, scheme, id] of entries) writer.int32(permissions).string(scheme).string(id);
  return writer.int32(0).take();
}

function setAcl(path: string, permissions: number, scheme: string, id: string): Buffer {
  return new ByteWriter().string(path).int32(1).int32(permissions).string(scheme).string(id).int32(-1).take();
}

/** A first history below `root`. `owner` is the session whose ephemerals must outlive the change of servers. */
export async function fill(port: number, owner: RawClient, root: string): Promise<void> {
  const client = await RawClient.open({ port });
  await must(client, Op.create, body.create(root, text('root')));
  await kinds(client, owner, root);
  await guarded(client, root);
  await quotas(client, `${root}/limited`);
  await transactions(client, root);
  await must(client, Op.create, body.create(`${root}/fleeting`, null, CreateFlag.ephemeral));
  await client.close();
}

async function kinds(client: RawClient, owner: RawClient, root: string): Promise<void> {
  const values: readonly (Buffer | null)[] = [null, Buffer.alloc(0), text('x'), Buffer.alloc(200_000, 'large')];
  for (const [index, value] of values.entries()) {
    await must(client, Op.create, body.create(`${root}/value-${index}`, value));
  }
  await must(client, Op.create2, body.create(`${root}/caf\u00e9-\u65e5\u672c`, text('\u00fc')));
  await must(client, Op.createContainer, body.create(`${root}/container`, null, CreateFlag.container));
  await must(client, Op.create, body.create(`${root}/container/child`, text('keeps it')));
  await must(client, Op.createContainer, body.create(`${root}/unused`, null, CreateFlag.container));
  await must(client, Op.createTTL, body.createTtl(`${root}/ttl`, text('t'), TTL_FLAG, AN_HOUR_MS));
  await must(client, Op.createTTL, body.createTtl(`${root}/ttl-`, null, SEQUENTIAL_TTL_FLAG, AN_HOUR_MS));
  for (let count = 0; count < 3; count += 1) {
    await must(client, Op.create, body.create(`${root}/s-`, text(`s${count}`), CreateFlag.sequential));
  }
  await must(owner, Op.create, body.create(`${root}/ephemeral`, text('mine'), CreateFlag.ephemeral));
  await must(owner, Op.create, body.create(`${root}/es-`, null, CreateFlag.ephemeralSequential));
  for (let count = 0; count < 40; count += 1) {
    await must(client, Op.setData, body.setData(`${root}/value-2`, text(`change ${count}`), count));
    await must(client, Op.create, body.create(`${root}/value-2/child-${count}`, null));
    if (count % 2 === 0) await must(client, Op.delete, body.delete(`${root}/value-2/child-${count}`, 0));
  }
}

async function guarded(client: RawClient, root: string): Promise<void> {
  const mixed = [
    [31, 'digest', DIGEST_ID],
    [1, 'ip', '127.0.0.1'],
    [1, 'world', 'anyone'],
  ] as const;
  await must(client, Op.create, withAcl(`${root}/guarded`, mixed));
  await must(client, Op.create, withAcl(`${root}/guarded-alike`, mixed));
  await must(client, Op.create, body.create(`${root}/closed`, text('c')));
  await must(client, Op.setACL, setAcl(`${root}/closed`, 31, 'digest', DIGEST_ID));
  await must(client, Op.create, body.create(`${root}/reopened`, text('c')));
  await must(client, Op.setACL, setAcl(`${root}/reopened`, 31, 'ip', '127.0.0.0/8'));
  await must(client, Op.setACL, setAcl(`${root}/reopened`, 31, 'world', 'anyone'));
}

/** A quota as zkCli sets it: the branch below /zookeeper/quota, limits and stats. */
async function quotas(client: RawClient, path: string): Promise<void> {
  await must(client, Op.create, body.create(path, text('limited')));
  let branch = '/zookeeper/quota';
  for (const part of path.split('/').slice(1)) {
    branch += `/${part}`;
    await must(client, Op.create, body.create(branch, Buffer.alloc(0)));
  }
  await must(client, Op.create, body.create(`${branch}/zookeeper_limits`, text('count=100,bytes=100000')));
  await must(client, Op.create, body.create(`${branch}/zookeeper_stats`, text('count=1,bytes=7')));
  await must(client, Op.create, body.create(`${path}/a`, text('12345')));
  await must(client, Op.setData, body.setData(`${path}/a`, text('123456789')));
}

async function transactions(client: RawClient, root: string): Promise<void> {
  const good = [
    { type: Op.create, body: body.create(`${root}/multi`, text('m')) },
    { type: Op.create, body: body.create(`${root}/multi/s-`, null, CreateFlag.sequential) },
    { type: Op.setData, body: body.setData(`${root}/multi`, text('m2'), 0) },
    { type: Op.check, body: body.delete(`${root}/multi`, 1) },
    { type: Op.create, body: body.create(`${root}/multi/gone`, null) },
    { type: Op.delete, body: body.delete(`${root}/multi/gone`, 0) },
  ];
  await must(client, Op.multi, body.multi(good));
  const bad = [
    { type: Op.create, body: body.create(`${root}/never`, null) },
    { type: Op.delete, body: body.delete(`${root}/nowhere`) },
  ];
  await client.request(Op.multi, body.multi(bad));
  await refused(client, Op.create, body.create(root, null), -110);
  await refused(client, Op.setData, body.setData(`${root}/value-0`, null, 9), -103);
}

/** A second history on top of the first, by the server that has taken over. */
export async function change(port: number, owner: RawClient, root: string): Promise<void> {
  const client = await RawClient.open({ port });
  const next = await must(client, Op.create, body.create(`${root}/s-`, null, CreateFlag.sequential));
  const name = new ByteReader(next).string() ?? '';
  const expected = (await childrenEverCreated(client, root)) - 1;
  if (!name.endsWith(String(expected).padStart(10, '0'))) throw new Error(`${name} does not go on at ${expected}`);
  await must(client, Op.setData, body.setData(`${root}/value-0`, text('no longer null'), 0));
  await must(client, Op.setData, body.setData(`${root}/value-2`, text('after'), 40));
  await must(client, Op.delete, body.delete(`${root}/value-3`, 0));
  await must(client, Op.setACL, setAcl(`${root}/value-1`, 1, 'world', 'anyone'));
  await must(owner, Op.delete, body.delete(`${root}/ephemeral`, 0));
  await must(owner, Op.create, body.create(`${root}/ephemeral-2`, text('mine too'), CreateFlag.ephemeral));
  await must(client, Op.createContainer, body.create(`${root}/container-2`, null, CreateFlag.container));
  await must(client, Op.create, body.create(`${root}/container-2/child`, null));
  await must(client, Op.createTTL, body.createTtl(`${root}/ttl-2`, null, TTL_FLAG, AN_HOUR_MS));
  await must(client, Op.create, body.create(`${root}/limited/b`, text('12345')));
  await must(client, Op.delete, body.delete(`${root}/limited/a`));
  const ops = [
    { type: Op.create, body: body.create(`${root}/multi-2`, null) },
    { type: Op.delete, body: body.delete(`${root}/multi-2`, 0) },
    { type: Op.setData, body: body.setData(`${root}/multi`, text('m3'), 1) },
  ];
  await must(client, Op.multi, body.multi(ops));
  for (let count = 0; count < 30; count += 1) {
    await must(client, Op.create, body.create(`${root}/container-2/child-${count}`, text(`${count}`)));
  }
  await client.close();
}

/** What sequence numbers count; the cversion that clients see counts deletions as well. */
async function childrenEverCreated(client: RawClient, path: string): Promise<number> {
  const stat = new ByteReader(await must(client, Op.exists, body.pathAndFlag(path, false))).stat();
  return (stat.cversion + stat.numChildren) / 2;
}
