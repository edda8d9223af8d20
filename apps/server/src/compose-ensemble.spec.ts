import { silentLogger } from '@zk/contracts';
import type { EnsembleParts } from '@zk/server';
import { ensembleOf } from './compose-ensemble.js';
import { BASE, EnsembleFiles } from '../test/ensemble-files.js';

describe('what a member of an ensemble is told', () => {
  let files: EnsembleFiles;

  beforeEach(() => {
    files = new EnsembleFiles();
  });

  afterEach(() => files.remove());

  const partsOf = async (...lines: readonly string[]): Promise<EnsembleParts> => {
    const { config } = await files.load([BASE, ...lines].join('\n'));
    return (await ensembleOf(config, silentLogger))!;
  };

  it.each([
    ['quorumCnxnTimeoutMs', '700', { handshakeTimeoutMs: 700 }, { handshakeTimeoutMs: 15_000 }],
    ['electionPortBindRetry', '0', { electionBindAttempts: 0 }, { electionBindAttempts: 3 }],
    ['enableEagerACLCheck', 'true', { checksAclsEarly: true }, { checksAclsEarly: false }],
    ['tcpKeepAlive', 'true', { isElectionKeptAlive: true }, { isElectionKeptAlive: false }],
    ['cnxTimeout', '17', { connectTimeoutMs: 17 }, { connectTimeoutMs: 5000 }],
    ['connectToLearnerMasterLimit', '7', { peer: { connectLimitTicks: 7 } }, { peer: { connectLimitTicks: 10 } }],
    ['leader.maxTimeToWaitForEpoch', '0', { peer: { maxEpochWaitMs: 0 } }, {}],
    [
      'leader.maxConcurrentSnapSyncs',
      '3',
      { peer: { maxConcurrentSnapSyncs: 3 } },
      { peer: { maxConcurrentSnapSyncs: 10 } },
    ],
    [
      'leader.maxConcurrentDiffSyncs',
      '3',
      { peer: { maxConcurrentDiffSyncs: 3 } },
      { peer: { maxConcurrentDiffSyncs: 100 } },
    ],
    ['syncEnabled', 'false', { peer: { observersKeepLog: false } }, { peer: { observersKeepLog: true } }],
    ['snapshotSizeFactor', '0.5', { snapshotSizeFactor: 0.5 }, {}],
    ['snapshotSizeFactor', '-1', { snapshotSizeFactor: -1 }, {}],
    ['observerMasterPort', '2191', { observerMaster: { port: 2191, maxQueuedBytes: 32 << 20 } }, {}],
    [
      'observer.reconnectDelayMs',
      '40',
      { peer: { observerReconnectDelayMs: 40 } },
      { peer: { observerReconnectDelayMs: 0 } },
    ],
    [
      'observer.election.DelayMs',
      '0',
      { peer: { observerElectionDelayMs: 0 } },
      { peer: { observerElectionDelayMs: 200 } },
    ],
    ['multiAddress.enabled', 'true', { multiAddress: { isEnabled: true } }, { multiAddress: { isEnabled: false } }],
    [
      'multiAddress.reachabilityCheckEnabled',
      'false',
      { multiAddress: { isReachabilityChecked: false } },
      { multiAddress: { isReachabilityChecked: true } },
    ],
    [
      'multiAddress.reachabilityCheckTimeoutMs',
      '40',
      { multiAddress: { reachabilityTimeoutMs: 40 } },
      { multiAddress: { reachabilityTimeoutMs: 1000 } },
    ],
    [
      'observerMaster.sizeLimit',
      '17\nobserverMasterPort=2191',
      { observerMaster: { port: 2191, maxQueuedBytes: 17 } },
      {},
    ],
  ])('%s=%s', async (key, value, told, byDefault) => {
    expect(await partsOf(`${key}=${value}`)).toMatchObject(told);
    expect(await partsOf()).toMatchObject(byDefault);
  });

  it('waits for epochs without a limit of its own where none is set', async () => {
    expect((await partsOf()).peer).not.toHaveProperty('maxEpochWaitMs');
  });

  it.each([
    ['may vote with an empty disk, where nothing is said', [], false, [true, true]],
    ['may not where that is switched off', ['db.autocreate=false'], false, [false, false]],
    ['may at the one start for which there is the file initialize', ['db.autocreate=false'], true, [true, false]],
  ])('%s', async (_what, lines, hasFile, expected) => {
    if (hasFile) files.write('data/initialize', '');
    const { mayVoteEmpty } = await partsOf(...lines);
    expect([await mayVoteEmpty!(), await mayVoteEmpty!()]).toEqual(expected);
  });
});
