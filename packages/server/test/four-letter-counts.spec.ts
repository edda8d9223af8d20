import { Harness } from './harness.js';

describe('what four-letter words count and show', () => {
  let harness: Harness;

  beforeEach(async () => {
    harness = await new Harness().start();
  });

  afterEach(() => harness.stop());

  /** `Received` and `Sent` of a summary. */
  const packets = (summary: string) => [/^Received: (.*)$/m, /^Sent: (.*)$/m].map((line) => line.exec(summary)?.[1]);

  it('srvr counts itself as received, and every word before it as received and sent', async () => {
    expect(packets(await harness.word('srvr'))).toEqual(['1', '0']);
    await harness.word('ruok');
    expect(packets(await harness.word('srvr'))).toEqual(['3', '2']);
    expect(await harness.word('mntr')).toMatch(/^zk_packets_received\t4$/m);
  });

  it('the answer to srst is the first packet sent after it', async () => {
    await harness.word('ruok');
    await harness.word('srst');
    expect(packets(await harness.word('srvr'))).toEqual(['1', '1']);
  });

  it('a word that is not enabled counts as well', async () => {
    await harness.stop();
    harness = await new Harness({ options: { fourLetterWords: [] } }).start();
    await harness.word('cons');
    expect(packets(await harness.word('srvr'))).toEqual(['2', '1']);
  });

  it.each(['stat', 'cons'])('%s shows its own connection as one that reads no more', async (word) => {
    expect(await harness.word(word)).toMatch(/^ \/.*\[0\]\(queued=0,recved=1,sent=0\)$/m);
  });

  it('cons counts the request that opened a session', async () => {
    const client = await harness.connect();
    await client.exists('/zookeeper');
    expect(await harness.word('cons')).toMatch(/\[1\]\(queued=0,recved=2,sent=2,sid=0x/);
    await client.close();
  });
});
