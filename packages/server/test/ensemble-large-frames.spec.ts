import { text } from './outcomes.js';
import { Trio } from './trio.js';

/** What `jute.maxbuffer=4000000` makes of the options. */
const LARGE = { maxFrameBytes: 4_000_000, maxTxnBytes: 8_000_000 };
const LARGE_BYTES = 3_000_000;

describe('three servers that take longer requests than usual', () => {
  let trio: Trio;
  beforeEach(async () => (trio = await new Trio({ server: LARGE }).start()));
  afterEach(() => trio.end());

  it('pass them on to each other', async () => {
    const clients = await Promise.all([trio.leader, trio.follower].map((id) => trio.connect(id)));
    for (const [i, client] of clients.entries()) await client.create(`/${i}`, String(i).repeat(LARGE_BYTES));
    for (const client of clients) {
      for (const i of clients.keys()) {
        await client.sync('/');
        expect(await client.exists(`/${i}`)).toMatchObject({ dataLength: LARGE_BYTES });
      }
    }
  });

  it('and whom a client says to be, however long that is', async () => {
    const client = await trio.connect(trio.follower);
    const user = 'u'.repeat(LARGE_BYTES);
    await client.auth('digest', `${user}:pw`);
    await client.create('/mine', 'x');
    expect(text((await client.getData('/mine')).data)).toBe('x');
  });
});
