import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FrameConnection, type RecordedExchange, formatDifference, replayRecording } from '@zk/test-client';
import { Harness } from './harness.js';

describe('a conversation recorded with Apache ZooKeeper 3.9.5', () => {
  it('goes the same way here, but for times and session ids', async () => {
    const harness = await new Harness().start();
    const { host, port } = harness.server.clientAddress;
    const file = path.join(__dirname, 'fixtures', 'apache-3.9.5.json');
    const differences = await replayRecording({
      dial: () => FrameConnection.dial(harness.transport, { host, port }),
      recording: JSON.parse(readFileSync(file, 'utf8')) as RecordedExchange[],
    });
    expect(differences.map(formatDifference)).toEqual([]);
    await harness.end();
  });
});
