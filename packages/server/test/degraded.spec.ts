import { CreateMode, OPEN_ACL_UNSAFE, OpCode } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { firstValueFrom, filter } from 'rxjs';
import type { SessionEvent } from '../src/index.js';
import { Harness } from './harness.js';
import { outcome, text } from './outcomes.js';
import { RawSession } from './raw-session.js';
import { rest } from './virtual-time.js';

const NO_SPACE = new Error('ENOSPC: no space left on device');

describe('a log that cannot be written', () => {
  let harness: Harness;
  let client: RawClient;
  let states: string[];

  beforeEach(async () => {
    harness = Harness.inVirtualTime({ options: { tickTimeMs: 1000 } }).create();
    states = [];
    harness.server.state$.subscribe((state) => states.push(state));
    await harness.server.start();
    client = await harness.connect({ timeoutMs: 20_000 });
    await client.create('/a', 'kept');
  });

  afterEach(() => harness.stop());

  it('refuses writes with SYSTEMERROR, answers reads, keeps connections, and recovers', async () => {
    harness.storage.failWrites(NO_SPACE);
    const before = harness.server.lastZxid;
    const waiting = [
      client.create('/b'),
      client.setData('/a', 'lost'),
      client.delete('/a'),
      client.multi([{ op: 'create', path: '/c', data: null, acl: OPEN_ACL_UNSAFE, flags: 0 }]),
    ];
    expect(await Promise.all(waiting.map(outcome))).toEqual(Array.from({ length: 4 }, () => 'SYSTEMERROR'));
    expect(states.at(-1)).toBe('degraded');
    expect(text((await client.getData('/a')).data)).toBe('kept');
    expect(await outcome(client.exists('/b'))).toBe('NONODE');
    expect(await outcome(client.create('/b'))).toBe('SYSTEMERROR');
    expect(await outcome(client.ping())).toBe('OK');
    expect(harness.server.lastZxid).toBe(before);

    harness.storage.allowWrites();
    await firstValueFrom(harness.server.state$.pipe(filter((state) => state === 'serving')));
    expect(await client.create('/b')).toBe('/b');
    expect(harness.server.lastZxid).toBe(before + 1n);
    expect(states).toEqual(['stopped', 'loading', 'serving', 'degraded', 'serving']);
    expect(harness.log.errors).toHaveLength(1);
    await harness.restart();
    const again = await harness.reattach(client);
    expect((await again.getChildren('/')).toSorted()).toEqual(['a', 'b', 'zookeeper']);
  });

  it('answers in order: what waited, then the reads behind it', async () => {
    const raw = await RawSession.open(harness);
    harness.storage.failWrites(NO_SPACE);
    raw.send(1, OpCode.setData, (w) => w.ustring('/a').int32(-1).int32(-1));
    raw.send(2, OpCode.getData, (w) => w.ustring('/a').boolean(false));
    raw.send(3, OpCode.setData, (w) => w.ustring('/a').int32(-1).int32(-1));
    raw.send(4, OpCode.getData, (w) => w.ustring('/a').boolean(false));
    raw.send(5, OpCode.getData, (w) => w.ustring('/none').boolean(false));
    expect(await raw.take(5)).toEqual(['1:-1', '2:0', '3:-1', '4:0', '5:-101']);
  });

  it('forgets everything that was validated upon what was lost', async () => {
    harness.storage.holdSyncs();
    const acknowledged = client.create('/first');
    await harness.storage.heldSync();
    const lost = [client.create('/first/child'), client.create('/second'), client.create('/second/child')];
    await rest();
    harness.storage.releaseSyncs();
    harness.storage.failWrites(NO_SPACE);
    expect(await acknowledged).toBe('/first');
    expect(await Promise.all(lost.map(outcome))).toEqual(['SYSTEMERROR', 'SYSTEMERROR', 'SYSTEMERROR']);
    harness.storage.allowWrites();
    await rest();
    expect(await outcome(client.create('/second/child'))).toBe('NONODE');
    expect(await client.create('/first/child')).toBe('/first/child');
    expect(await client.exists('/first')).toMatchObject({ numChildren: 1, cversion: 1 });
    expect(harness.log.errors).toHaveLength(1);
  });

  it('opens no sessions, lets others come back, closes none', async () => {
    await client.create('/e', null, { flags: CreateMode.ephemeral });
    harness.storage.failWrites(NO_SPACE);
    await outcome(client.create('/x'));
    await expect(harness.connect()).rejects.toThrow('no frame came');
    const again = await harness.reattach(client, { timeoutMs: 20_000 });
    expect(await outcome(again.exists('/e'))).toBe('OK');
    expect((await again.request(OpCode.closeSession)).err).toBe(-1);
    expect(await outcome(again.exists('/e'))).toBe('OK');
    harness.storage.allowWrites();
    await rest();
    await again.close();
    expect(await outcome((await harness.connect()).exists('/e'))).toBe('NONODE');
  });

  it('gives back a session whose closing was lost', async () => {
    await client.create('/e', null, { flags: CreateMode.ephemeral });
    harness.storage.failWrites(NO_SPACE);
    expect((await client.request(OpCode.closeSession)).err).toBe(-1);
    expect(client.isClosed).toBe(false);
    expect(await outcome(client.exists('/e'))).toBe('OK');
    harness.storage.allowWrites();
    await rest();
    expect(await client.create('/f')).toBe('/f');
  });

  it('lets no connection end as if its session had been opened', async () => {
    harness.storage.failWrites(NO_SPACE);
    await expect(harness.connect()).rejects.toThrow('no frame came');
    expect(harness.server.sessions.size).toBe(1);
    harness.storage.allowWrites();
    await rest();
    expect((await harness.connect()).isClosed).toBe(false);
  });

  it('expires sessions after the recovery, once each', async () => {
    const ends: SessionEvent[] = [];
    harness.server.sessions$.subscribe((event) => ends.push(event));
    const short = await harness.connect({ timeoutMs: 2000 });
    await short.create('/e', null, { flags: CreateMode.ephemeral });
    const keepAlive = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 1000) {
        await harness.time.advance(1000);
        await client.ping();
      }
    };
    harness.storage.failWrites(NO_SPACE);
    await outcome(client.create('/x'));
    await keepAlive(30_000);
    expect(await outcome(client.exists('/e'))).toBe('OK');
    expect(ends.filter((e) => e.kind === 'expired')).toEqual([]);
    harness.storage.allowWrites();
    await keepAlive(4_000);
    expect(await outcome(client.exists('/e'))).toBe('NONODE');
    expect(ends.filter((e) => e.kind === 'expired')).toEqual([{ kind: 'expired', sessionId: short.sessionId }]);
  });

  it('says so to four-letter words, which go on', async () => {
    harness.storage.failWrites(NO_SPACE);
    await outcome(client.create('/x'));
    expect(await harness.word('ruok')).toBe('imok');
    expect(await harness.word('srvr')).toContain('Mode: standalone');
  });

  it('may fail and recover many times without losing or inventing anything', async () => {
    const kept: string[] = ['a'];
    for (let round = 0; round < 10; round++) {
      const calls = Array.from({ length: 10 }, (_, i) => client.create(`/r${round}-${i}`));
      await rest();
      harness.storage.failWrites(NO_SPACE);
      const more = Array.from({ length: 10 }, (_, i) => client.create(`/s${round}-${i}`));
      const results = await Promise.allSettled([...calls, ...more]);
      for (const result of results) if (result.status === 'fulfilled') kept.push(result.value.slice(1));
      harness.storage.allowWrites();
      await rest();
    }
    expect(kept.length).toBeGreaterThanOrEqual(100);
    await harness.restart();
    const again = await harness.reattach(client);
    expect((await again.getChildren('/')).toSorted()).toEqual([...kept, 'zookeeper'].toSorted());
  });

  it('can be stopped meanwhile', async () => {
    harness.storage.failWrites(NO_SPACE);
    await outcome(client.create('/x'));
    await harness.stop();
    expect(states.slice(-3)).toEqual(['degraded', 'stopping', 'stopped']);
  });
});

describe('a log whose sync failed', () => {
  it('acknowledges nothing more, says why, and can be stopped', async () => {
    const harness = await Harness.inVirtualTime().start();
    const states: string[] = [];
    harness.server.state$.subscribe((state) => states.push(state));
    const client = await harness.connect();
    await client.create('/a');
    const reason = new Error('EIO: i/o error');
    harness.storage.failNextSync(reason);
    let isAnswered = false;
    const waiting = outcome(client.create('/b')).finally(() => (isAnswered = true));
    expect(await harness.server.failed).toBe(reason);
    expect(harness.server.state).toBe('failed');
    await rest();
    expect(isAnswered).toBe(false);
    await expect(harness.connect()).rejects.toThrow();
    await harness.stop();
    expect(await waiting).toBe('CLOSED');
    expect(states).toEqual(['serving', 'failed', 'stopping', 'stopped']);
    expect(harness.log.errors).toHaveLength(1);
  });
});
