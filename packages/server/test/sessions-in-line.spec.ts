import { createAuthProviders } from '@zk/auth';
import { AUTH_PROVIDERS, type AuthProvider } from '@zk/contracts';
import { Perms } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { LONG_FRAME_BYTES } from '../src/client-connection.js';
import type { ServerOptions } from '../src/index.js';
import { Harness } from './harness.js';
import { VirtualEnsemble } from './virtual-ensemble.js';
import type { VirtualTime } from './virtual-time.js';

const SESSION_TIMEOUT_MS = 4_000;
const REQUEST_MS = 100;
/** One after the other they take four times as long as a session lives. */
const CLIENTS = (4 * SESSION_TIMEOUT_MS) / REQUEST_MS;
/** Requests for it are long enough to stand in line. */
const PATH = `/${'x'.repeat(LONG_FRAME_BYTES)}`;
const options: Partial<ServerOptions> = { tickTimeMs: 500, maxClientConnections: 0 };
const SLOW_ACL = [{ perms: Perms.all, scheme: 'slow', id: '' }];

/** A scheme whose ids take long to compare, and anew for each client. */
const slowScheme = (time: () => VirtualTime): AuthProvider => ({
  scheme: 'slow',
  isAuthenticated: true,
  authenticate: (_peer, auth) => [{ scheme: 'slow', id: String(auth) }],
  matches: () => {
    time().pass(REQUEST_MS);
    return true;
  },
  isValid: () => true,
  userName: (id) => id,
});

const registrations = (time: () => VirtualTime) =>
  [[AUTH_PROVIDERS, createAuthProviders({ custom: [slowScheme(time)] })]] as const;

/** Each asks once, and leaves when it has its answer. */
async function askOneByOne(time: VirtualTime, connect: () => Promise<RawClient>): Promise<void> {
  const clients: RawClient[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const client = await connect();
    await time.during(client.auth('slow', Uint8Array.of(i)));
    clients.push(client);
  }
  await time.during(clients[0]!.create(PATH, null, { acl: SLOW_ACL }));
  const sinceMs = time.monotonicMs();
  const asked = clients.map(async (client) => {
    await client.getData(PATH);
    await client.close();
  });
  await time.during(Promise.all(asked));
  expect(time.monotonicMs() - sinceMs).toBeGreaterThan(3 * SESSION_TIMEOUT_MS);
}

describe('the session of a client that stands in line for longer than its timeout lives on', () => {
  it('on a server alone', async () => {
    const harness: Harness = await Harness.inVirtualTime({
      options,
      registrations: registrations(() => harness.time),
    }).start();
    const { time } = harness;
    await askOneByOne(time, () => time.during(harness.connect({ timeoutMs: SESSION_TIMEOUT_MS })));
    await harness.end();
  });

  it.each(['leader', 'follower'] as const)('on the %s of an ensemble', async (role) => {
    const ensemble: VirtualEnsemble = await new VirtualEnsemble({
      server: options,
      registrations: () => registrations(() => ensemble.time),
    }).startAll();
    const { [role]: id } = await ensemble.roles();
    await askOneByOne(ensemble.time, () => ensemble.connect(id, SESSION_TIMEOUT_MS));
    await ensemble.stopAll();
  });
});
