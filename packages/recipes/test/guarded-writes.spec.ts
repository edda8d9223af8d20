import { type ZkClient, SessionExpiredError, op } from '@zk/client-api';
import { Mutex } from '../src/index.js';
import { withServer } from './memory-rig.js';

let client: ZkClient;

withServer((_server, opened) => (client = opened));

/** The client, but for its multis: over each of them the session ends. */
function expiringOverMultis(maybeApplied: boolean): ZkClient {
  const multi = (): Promise<never> => Promise.reject(new SessionExpiredError('/', maybeApplied));
  return Object.create(client, { multi: { value: multi } }) as ZkClient;
}

describe('a guarded write over which the session ends', () => {
  it('was not applied, and the lock is lost', async () => {
    const hold = await new Mutex(expiringOverMultis(false), '/lock').acquire();
    const reason = { name: 'LockLostError', path: hold.path, reason: 'sessionLost' };
    await expect(hold.guardedMulti([op.set('/x', null)])).rejects.toMatchObject(reason);
    expect([hold.isHeld, hold.signal.reason]).toMatchObject([false, reason]);
    await hold.release();
  });

  it('says so when nobody can tell', async () => {
    const hold = await new Mutex(expiringOverMultis(true), '/lock').acquire();
    const unknown = { name: 'SESSIONEXPIRED', maybeApplied: true };
    await expect(hold.guardedMulti([op.set('/x', null)])).rejects.toMatchObject(unknown);
    await hold.release();
  });
});
