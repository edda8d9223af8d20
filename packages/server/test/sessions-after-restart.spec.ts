import { CreateMode } from '@zk/model';
import { Harness } from './harness.js';
import { seedCreate, seededStorage } from './seeded-storage.js';

const EPHEMERAL = { flags: CreateMode.ephemeral };

describe('sessions after a restart', () => {
  let harness: Harness;

  beforeEach(async () => {
    harness = await Harness.inVirtualTime({ options: { tickTimeMs: 1000 } }).start();
  });

  afterEach(() => harness.end());

  it('live on, with a full timeout and their ephemerals', async () => {
    const client = await harness.connect({ timeoutMs: 8000 });
    await client.create('/e', null, EPHEMERAL);
    await harness.time.advance(7000);
    await harness.restart();
    await harness.time.advance(7999);
    const again = await harness.reattach(client, { timeoutMs: 8000 });
    expect((await again.exists('/e')).ephemeralOwner).toBe(client.sessionId);
    expect(await again.getEphemerals()).toEqual(['/e']);
    await again.close();
    expect((await (await harness.connect()).getChildren('/')).toSorted()).toEqual(['zookeeper']);
  });

  it('expire when nobody comes back', async () => {
    const client = await harness.connect({ timeoutMs: 4000 });
    await client.create('/e', null, EPHEMERAL);
    await harness.restart();
    await harness.time.advance(5001);
    expect(await (await harness.connect()).getChildren('/')).toEqual(['zookeeper']);
    await expect(harness.reattach(client)).rejects.toMatchObject({ name: 'SESSIONEXPIRED' });
  });

  it('that were closed or had expired are gone', async () => {
    const closed = await harness.connect();
    const expired = await harness.connect({ timeoutMs: 2000 });
    await closed.close();
    await harness.time.advance(3001);
    await harness.restart();
    for (const client of [closed, expired]) {
      await expect(harness.reattach(client)).rejects.toMatchObject({ name: 'SESSIONEXPIRED' });
    }
    expect(harness.server.sessions.size).toBe(0);
  });

  it('do not share ids with new ones, even when the clock stood still', async () => {
    const before = await Promise.all(Array.from({ length: 5 }, () => harness.connect()));
    await harness.stop();
    await harness.start();
    const after = await Promise.all(Array.from({ length: 5 }, () => harness.connect()));
    const ids = new Set([...before, ...after].map((c) => c.sessionId));
    expect(ids.size).toBe(10);
  });
});

describe('ephemerals whose session nobody knows', () => {
  it('are removed at load', async () => {
    const storage = await seededStorage([
      { zxid: 1n, session: 5n, body: { kind: 'createSession', timeOut: 4000 } },
      { zxid: 2n, session: 5n, body: { ...seedCreate('/known', 1), ephemeral: true } as never },
      { zxid: 3n, session: 6n, body: { ...seedCreate('/unknown', 2), ephemeral: true } as never },
      { zxid: 4n, session: 6n, body: seedCreate('/kept', 3) },
    ]);
    const harness = await Harness.inVirtualTime({ storage }).start();
    const client = await harness.connect();
    expect((await client.getChildren('/')).toSorted()).toEqual(['kept', 'known', 'zookeeper']);
    expect((await client.exists('/known')).ephemeralOwner).toBe(5n);
    await harness.stop();
  });
});
