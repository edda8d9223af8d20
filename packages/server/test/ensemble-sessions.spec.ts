import { CreateMode, EventType } from '@zk/model';
import { outcome } from './outcomes.js';
import { VirtualEnsemble } from './virtual-ensemble.js';

const TIMEOUT_MS = 4000;
const EPHEMERAL = { flags: CreateMode.ephemeral };

describe.each(['leader', 'follower'] as const)('a session at the %s', (role) => {
  let ensemble: VirtualEnsemble;

  afterEach(() => ensemble.stopAll());

  it('ends with its ephemerals when its client is silent, and everybody is told', async () => {
    ensemble = await new VirtualEnsemble().startAll();
    const { time } = ensemble;
    const roles = await ensemble.roles();
    const silent = await ensemble.connect(roles[role], TIMEOUT_MS);
    const other = await ensemble.connect(role === 'leader' ? roles.follower : roles.leader, 60_000);
    await time.during(silent.create('/silent', '', EPHEMERAL));
    await time.during(other.sync('/'));
    await time.during(other.exists('/silent', true));
    await time.advance(TIMEOUT_MS / 2);
    expect(other.events).toEqual([]);
    await time.advance(3 * TIMEOUT_MS);
    expect(other.events).toMatchObject([{ path: '/silent', type: EventType.nodeDeleted }]);
    expect(await time.during(outcome(silent.getData('/')))).toBe('CLOSED');
  });

  it('lives by reads alone, of which the leader hears nothing', async () => {
    ensemble = await new VirtualEnsemble().startAll();
    const { time } = ensemble;
    const reader = await ensemble.connect((await ensemble.roles())[role], TIMEOUT_MS);
    for (let elapsedMs = 0; elapsedMs < 5 * TIMEOUT_MS; elapsedMs += TIMEOUT_MS / 2) {
      await time.advance(TIMEOUT_MS / 2);
      expect(await time.during(outcome(reader.getData('/')))).toBe('OK');
    }
  });

  it('that is local expires there', async () => {
    ensemble = await new VirtualEnsemble({ server: { localSessionsEnabled: true } }).startAll();
    const { time } = ensemble;
    const id = (await ensemble.roles())[role];
    const silent = await ensemble.connect(id, TIMEOUT_MS);
    expect(ensemble.server(id).sessions.size).toBe(1);
    await time.advance(3 * TIMEOUT_MS);
    expect(ensemble.server(id).sessions.size).toBe(0);
    expect(await time.during(outcome(silent.getData('/')))).toBe('CLOSED');
  });
});
