import { outcome, text } from './outcomes.js';
import { Trio, until } from './trio.js';

const OBSERVER = 4;

/** Writes more than a snapshot is taken after, and waits until the observer has it. */
async function write(trio: Trio): Promise<void> {
  const client = await trio.connect(trio.leader);
  for (let i = 0; i < 20; i++) await client.create(`/znode-${i}`, `${i}`);
  await trio.digests();
}

describe.each([
  ['keeps no log', false],
  ['keeps a log', true],
])('an observer that %s', (_what, observersKeepLog) => {
  it('has snapshots and a log only in that case, and all the data in any', async () => {
    const trio = await new Trio({
      observers: 1,
      server: { snapCount: 4, purgeIntervalHours: 0 },
      member: { peer: { observersKeepLog } },
    }).start();
    await write(trio);
    const { snapshotter } = trio.server(OBSERVER);
    if (observersKeepLog) await until(() => snapshotter.last !== undefined);
    expect(snapshotter.last === undefined).toBe(!observersKeepLog);
    await trio.stopOne(OBSERVER);
    const storage = trio.storage(OBSERVER);
    await storage.open();
    const { lastZxid } = await storage.log.replay(0n, () => undefined);
    expect(lastZxid === undefined).toBe(!observersKeepLog);
    await storage.close();
    await trio.start(OBSERVER);
    const reader = await trio.connect(OBSERVER);
    expect(text((await reader.getData('/znode-19')).data)).toBe('19');
    expect(await outcome(reader.setData('/znode-0', 'changed'))).toBe('OK');
    await trio.end();
  });
});
