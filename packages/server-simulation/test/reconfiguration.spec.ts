import { type MembershipChange, ServerSimulation, memberLine } from '../src/index.js';

type Role = Parameters<typeof memberLine>[1];

const lines = (ids: readonly number[], role?: Role): string => ids.map((id) => memberLine(id, role)).join(',');
const join = (...ids: number[]): MembershipChange => ({ joiningServers: lines(ids) });
const leave = (...ids: number[]): MembershipChange => ({ leavingServers: ids.join(',') });
const become = (role: Role, ...ids: number[]): MembershipChange => ({ joiningServers: lines(ids, role) });
const replaceBy = (...ids: number[]): MembershipChange => ({ newMembers: lines(ids) });

/** Each is asked for until it is done, while clients write and servers fail; the end of the run checks who has come through. */
it.each<readonly [string, number, readonly MembershipChange[]]>([
  ['one server becomes three, then five', 1, [join(2), join(3), join(4, 5)]],
  ['five servers become three, then one', 5, [leave(1, 2), leave(4, 5)]],
  ['a voter becomes an observer, and a voter again', 3, [become('observer', 2), become('participant', 2)]],
  ['somebody observes before voting', 3, [become('observer', 4), become('participant', 4)]],
  ['all members are replaced, and come back', 3, [join(4, 5), leave(1, 2, 3), replaceBy(1, 2, 3)]],
  [
    'one comes and another one goes at once',
    3,
    [
      { ...join(4), ...leave(1) },
      { ...join(5), ...leave(2) },
    ],
  ],
])('%s', async (_, servers, changes) => {
  const result = await new ServerSimulation({ seed: 5, servers, changes, durationMs: 9000, faults: 2 }).run();
  expect(result.violation?.message).toBeUndefined();
  expect(result.counts.get('changes made in their order')).toBe(changes.length);
  expect(result.acknowledged).toBeGreaterThan(100);
});

it('what cannot be is refused, and nothing changes', async () => {
  const changes = [leave(1, 2, 3)];
  const { violation, counts } = await new ServerSimulation({ seed: 1, servers: 3, changes, faults: 0 }).run();
  expect(violation?.message).toBeUndefined();
  expect(counts.get('reconfiguration: BADARGUMENTS')).toBeGreaterThan(0);
  expect(counts.get('reconfiguration: OK')).toBeUndefined();
});
