import type { RawClient } from '@zk/test-client';
import type { Harness } from './harness.js';
import { rest } from './virtual-time.js';
import { heardBy, openWatchScene, told } from './watch-scene.js';

describe('watches that are set again after a reconnection', () => {
  let harness: Harness;
  let watcher: RawClient;
  let writer: RawClient;

  beforeEach(async () => {
    ({ harness, watcher, writer } = await openWatchScene());
  });

  afterEach(async () => {
    expect(harness.log.errors).toEqual([]);
    await harness.stop();
  });

  it('hear at once of what was missed, before the reply, without a zxid', async () => {
    const relativeZxid = harness.server.lastZxid;
    await writer.create('/same', 's');
    await writer.setData('/p/n', 'changed');
    await writer.delete('/p/n/c');
    await writer.create('/appeared');
    await watcher.setWatches({
      relativeZxid,
      dataWatches: ['/p', '/p/n', '/p/n/c'],
      existWatches: ['/appeared', '/absent'],
      childWatches: ['/p', '/p/n', '/p/n/c'],
    });
    const events = watcher.takeEvents();
    expect(told(events)).toEqual([
      'nodeDataChanged /p/n',
      'nodeDeleted /p/n/c',
      'nodeCreated /appeared',
      'nodeChildrenChanged /p/n',
      'nodeDeleted /p/n/c',
    ]);
    expect(new Set(events.map((e) => e.zxid))).toEqual(new Set([-1n]));
    await writer.setData('/p', 'x');
    await writer.create('/absent');
    await writer.create('/p/x');
    expect(await heardBy(watcher)).toEqual(['nodeDataChanged /p', 'nodeCreated /absent', 'nodeChildrenChanged /p']);
  });

  it('persistent ones are set without a word about the past', async () => {
    await watcher.setWatches2({
      relativeZxid: 0n,
      dataWatches: ['/p'],
      persistentWatches: ['/p/n', '/none'],
      persistentRecursiveWatches: ['/p/n/c', '/p/later'],
    });
    expect(told(watcher.takeEvents())).toEqual(['nodeDataChanged /p']);
    await writer.create('/none');
    await writer.create('/p/n/x');
    await writer.setData('/p/n/c', 'x');
    await writer.create('/p/later');
    await writer.create('/p/later/y');
    expect(await heardBy(watcher)).toEqual([
      'nodeCreated /none',
      'nodeChildrenChanged /p/n',
      'nodeDataChanged /p/n/c',
      'nodeCreated /p/later',
      'nodeCreated /p/later/y',
    ]);
  });

  it('the relative zxid is compared in all 64 bits', async () => {
    await watcher.setWatches({ relativeZxid: 2n ** 62n, dataWatches: ['/p'], childWatches: ['/p'] });
    expect(watcher.takeEvents()).toEqual([]);
    await watcher.setWatches({ relativeZxid: -1n, dataWatches: ['/p'] });
    expect(told(watcher.takeEvents())).toEqual(['nodeDataChanged /p']);
  });

  it('tens of thousands of paths in a few frames', async () => {
    const paths = Array.from({ length: 5_000 }, (_, i) => `/w/${i}`);
    for (let i = 0; i < 4; i++) await watcher.setWatches({ existWatches: paths.map((path) => `${path}-${i}`) });
    expect(harness.server.database.watches.watchCount).toBe(20_000);
    await writer.create('/w');
    await writer.create('/w/7-3');
    expect(await heardBy(watcher)).toEqual(['nodeCreated /w/7-3']);
    await watcher.disconnect();
    await rest();
    expect(harness.server.database.watches.watchCount).toBe(0);
  });
});
