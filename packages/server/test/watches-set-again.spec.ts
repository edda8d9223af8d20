import type { RecordWriter } from '@zk/jute';
import { ErrorCode, OpCode, Xid } from '@zk/model';
import { RawSession } from './raw-session.js';
import { rest } from './virtual-time.js';
import { heardBy, watchSceneForEach, told } from './watch-scene.js';

describe('watches that are set again after a reconnection', () => {
  const scene = watchSceneForEach();

  it('hear at once of what was missed, before the reply, without a zxid', async () => {
    const relativeZxid = scene.harness.server.lastZxid;
    await scene.writer.create('/same', 's');
    await scene.writer.setData('/p/n', 'changed');
    await scene.writer.delete('/p/n/c');
    await scene.writer.create('/appeared');
    await scene.watcher.setWatches({
      relativeZxid,
      dataWatches: ['/p', '/p/n', '/p/n/c'],
      existWatches: ['/appeared', '/absent'],
      childWatches: ['/p', '/p/n', '/p/n/c'],
    });
    const events = scene.watcher.takeEvents();
    expect(told(events)).toEqual([
      'nodeDataChanged /p/n',
      'nodeDeleted /p/n/c',
      'nodeCreated /appeared',
      'nodeChildrenChanged /p/n',
      'nodeDeleted /p/n/c',
    ]);
    expect(new Set(events.map((e) => e.zxid))).toEqual(new Set([-1n]));
    await scene.writer.setData('/p', 'x');
    await scene.writer.create('/absent');
    await scene.writer.create('/p/x');
    expect(await heardBy(scene.watcher)).toEqual([
      'nodeDataChanged /p',
      'nodeCreated /absent',
      'nodeChildrenChanged /p',
    ]);
  });

  it('persistent ones are set without a word about the past', async () => {
    await scene.watcher.setWatches2({
      relativeZxid: 0n,
      dataWatches: ['/p'],
      persistentWatches: ['/p/n', '/none'],
      persistentRecursiveWatches: ['/p/n/c', '/p/later'],
    });
    expect(told(scene.watcher.takeEvents())).toEqual(['nodeDataChanged /p']);
    await scene.writer.create('/none');
    await scene.writer.create('/p/n/x');
    await scene.writer.setData('/p/n/c', 'x');
    await scene.writer.create('/p/later');
    await scene.writer.create('/p/later/y');
    expect(await heardBy(scene.watcher)).toEqual([
      'nodeCreated /none',
      'nodeChildrenChanged /p/n',
      'nodeDataChanged /p/n/c',
      'nodeCreated /p/later',
      'nodeCreated /p/later/y',
    ]);
  });

  it.each([
    ['a list', (w: RecordWriter) => w.int32(1).ustring('/p').int32(-1).int32(1).ustring('/p/n')],
    ['a path', (w: RecordWriter) => w.int32(2).ustring('/p').int32(-1).int32(1).ustring('/x').int32(0)],
  ])('a request that lacks %s is refused there: what comes before it is done', async (_what, writeLists) => {
    const raw = await RawSession.open(scene.harness);
    raw.send(1, OpCode.setWatches, (w) => writeLists(w.int64(-1n)));
    expect(await raw.take(2)).toEqual([`${Xid.notification}:0`, `1:${ErrorCode.MARSHALLINGERROR}`]);
  });

  it('persistent ones pass over a path that is null', async () => {
    const raw = await RawSession.open(scene.harness);
    raw.send(1, OpCode.setWatches2, (w) => {
      w.int64(0n).int32(0).int32(0).int32(0);
      w.int32(2).int32(-1).ustring('/p').int32(2).int32(-1).ustring('/p/n');
    });
    raw.send(2, OpCode.setData, (w) => w.ustring('/p').int32(-1).int32(-1));
    raw.send(3, OpCode.setData, (w) => w.ustring('/p/n').int32(-1).int32(-1));
    const event = `${Xid.notification}:0`;
    expect(await raw.take(5)).toEqual(['1:0', event, '2:0', event, '3:0']);
  });

  it('a request that cannot be decoded is refused as a whole', async () => {
    const raw = await RawSession.open(scene.harness);
    raw.send(1, OpCode.setWatches, (w) => w.int64(-1n).int32(1).ustring('/p').int32(0).int32(1));
    expect(await raw.take(1)).toEqual([`1:${ErrorCode.MARSHALLINGERROR}`]);
  });

  it('the relative zxid is compared in all 64 bits', async () => {
    await scene.watcher.setWatches({ relativeZxid: 2n ** 62n, dataWatches: ['/p'], childWatches: ['/p'] });
    expect(scene.watcher.takeEvents()).toEqual([]);
    await scene.watcher.setWatches({ relativeZxid: -1n, dataWatches: ['/p'] });
    expect(told(scene.watcher.takeEvents())).toEqual(['nodeDataChanged /p']);
  });

  it('tens of thousands of paths in a few frames', async () => {
    const paths = Array.from({ length: 5_000 }, (_, i) => `/w/${i}`);
    for (let i = 0; i < 4; i++) await scene.watcher.setWatches({ existWatches: paths.map((path) => `${path}-${i}`) });
    expect(scene.harness.server.database.watches.watchCount).toBe(20_000);
    await scene.writer.create('/w');
    await scene.writer.create('/w/7-3');
    expect(await heardBy(scene.watcher)).toEqual(['nodeCreated /w/7-3']);
    await scene.watcher.disconnect();
    await rest();
    expect(scene.harness.server.database.watches.watchCount).toBe(0);
  });
});
