import { CreateMode, type Zxid } from '@zk/model';
import { Harness } from './harness.js';
import { seedCreate, seededStorage } from './seeded-storage.js';

describe('64-bit numbers', () => {
  it.each([
    ['above 2^53', 0x20_0000_0000_0001n],
    ['above 2^62', 0x7fff_fffe_0000_0005n],
    ['of an epoch with the top bit of its word set in the counter', 0x5_8000_0000n],
    ['before the counter passes 2^31', 0x5_7fff_ffffn],
    ['before the counter rolls over', 0x5_ffff_fffen],
  ] as const)('zxids %s go on one by one, in replies, stats, events and after a restart', async (_, first) => {
    const storage = await seededStorage([{ zxid: first as Zxid, body: seedCreate('/seed', 1) }]);
    const harness = await new Harness({ storage }).start();
    const client = await harness.connect();
    let zxid = first + 1n;
    expect((await client.exists('/seed')).czxid).toBe(first);
    await client.getData('/seed', true);
    for (let i = 0; i < 4; i++) {
      zxid++;
      expect((await client.setData('/seed', String(i))).mzxid).toBe(zxid);
    }
    expect((await client.nextEvent()).zxid).toBe(first + 2n);
    expect(client.lastZxid).toBe(zxid);
    expect(await harness.word('srvr')).toContain(`Zxid: 0x${zxid.toString(16)}\n`);
    await harness.restart();
    const again = await harness.reattach(client, { lastZxidSeen: zxid });
    expect((await again.setData('/seed', 'z')).mzxid).toBe(zxid + 1n);
    await harness.end();
  });

  it('reads that wait for a zxid seen elsewhere are compared in all 64 bits', async () => {
    const storage = await seededStorage([{ zxid: 0x20_0000_0000_0001n, body: seedCreate('/seed', 1) }]);
    const harness = await new Harness({ storage }).start();
    const first = await harness.connect({ lastZxidSeen: 0x20_0000_0000_0001n });
    expect(first.isClosed).toBe(false);
    // One more than the server has: not distinguishable from it as a double.
    await expect(harness.connect({ lastZxidSeen: 0x20_0000_0000_0003n })).rejects.toThrow('closed');
    await harness.stop();
  });

  it.each([
    [1, false],
    [127, false],
    [128, true],
    [200, true],
    [254, true],
  ])('session ids of server %i carry it in the top byte', async (serverId, isNegative) => {
    const harness = await new Harness({ options: { serverId } }).start();
    const client = await harness.connect();
    const other = await harness.connect();
    expect(BigInt.asUintN(8, client.sessionId >> 56n)).toBe(BigInt(serverId));
    expect(client.sessionId < 0n).toBe(isNegative);
    expect(other.sessionId).toBe(client.sessionId + 1n);
    await client.create('/e', null, { flags: CreateMode.ephemeral });
    expect((await other.exists('/e')).ephemeralOwner).toBe(client.sessionId);
    expect(await client.getEphemerals()).toEqual(['/e']);
    await client.disconnect();
    const again = await harness.reattach(client);
    expect(again.sessionId).toBe(client.sessionId);
    expect(await harness.word('dump')).toContain(`0x${BigInt.asUintN(64, client.sessionId).toString(16)}`);
    await again.close();
    expect(await other.getChildren('/')).toEqual(['zookeeper']);
    await harness.stop();
  });

  it('a ttl of 40 bits is kept', async () => {
    const harness = await Harness.inVirtualTime().start();
    const client = await harness.connect({ timeoutMs: 60_000 });
    await client.createTTL('/t', 0xff_ffff_ffff);
    await harness.restart();
    const { tree } = harness.server.database;
    const path = new TextEncoder().encode('/t');
    expect(tree.ttlMs(tree.find(path, 0, path.length))).toBe(0xff_ffff_ffff);
    await harness.stop();
  });
});
