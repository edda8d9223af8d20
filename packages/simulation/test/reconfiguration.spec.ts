import { type Host, type Simulation, serverLine } from '../src/index.js';
import { isolate, others, scenario } from './scenario.js';

/** Changes of the membership, each under the load of three clients. Each ends with everybody agreeing: `calm` checks it. */

/** One voter and spare servers, or so many voters as are asked for. */
function ensemble(voters: number, spares: number, observers = 0): Simulation {
  return scenario({ voters, spares, observers, reconfigurations: 1 });
}

const versionOf = (host: Host): string => host.peer!.status().configVersion;
const membersOf = ({ peer }: Host): string => {
  const { servers } = peer!.reconfigSituation().committed;
  return [...servers.values()].map(({ id, role }) => `${id}${role === 'observer' ? 'o' : ''}`).join(' ');
};

/** Asks the leader, and waits until the members are those everywhere. */
function change(
  simulation: Simulation,
  request: Parameters<Simulation['operator']['change']>[1],
  members: string,
): void {
  const leader = simulation.settle();
  simulation.runFor(200);
  expect(simulation.operator.change(leader, request)).toBe(true);
  const up = simulation.hosts.filter((host) => host.isUp);
  simulation.runUntil(`members are ${members}`, () => up.every((host) => membersOf(host) === members));
  simulation.settle();
  // And they work: what clients write goes on being acknowledged.
  const before = simulation.checkers.acknowledgedCount;
  simulation.runUntil('more is acknowledged', () => simulation.checkers.acknowledgedCount > before + 5);
}

const joining = (...ids: number[]): { joiningServers: string } => ({
  joiningServers: ids.map((id) => serverLine(BigInt(id), 'participant')).join(','),
});

it('one server becomes three, then five, then three others, then one', () => {
  const simulation = ensemble(1, 5);
  change(simulation, joining(2), '1 2');
  change(simulation, joining(3), '1 2 3');
  change(simulation, joining(4, 5), '1 2 3 4 5');
  change(simulation, { leavingServers: '1,2' }, '3 4 5');
  change(simulation, { ...joining(6), leavingServers: '3' }, '4 5 6');
  change(simulation, { leavingServers: '4,5' }, '6');
  simulation.calm();
  expect(simulation.leader!.number).toBe(6);
});

it('a leader that is removed hands over to a server that has all it had, and follows it without a vote', () => {
  const simulation = ensemble(3, 0);
  const leader = simulation.settle();
  const elections = simulation.counts.get('leader');
  const members = others(simulation, leader).map((host) => host.number);
  change(simulation, { leavingServers: `${leader.number}` }, members.join(' '));
  expect(leader.role).toBe('follower');
  // The next leader was appointed: nobody else became one in between.
  expect(simulation.counts.get('leader')).toBe(elections! + 1);
  expect(simulation.leader!.epoch).toBe(2);
  simulation.calm();
});

it('a leader that moves to another address hands over, and comes back as a voter', () => {
  const simulation = ensemble(3, 0);
  const leader = simulation.settle();
  change(simulation, { joiningServers: serverLine(leader.id, 'participant', 3000) }, '1 2 3');
  expect(simulation.leader).not.toBe(leader);
  simulation.calm();
});

it('a voter becomes an observer, and a voter again', () => {
  const simulation = ensemble(3, 0);
  const [follower] = others(simulation, simulation.settle());
  const as = (role: string): { joiningServers: string } => ({ joiningServers: serverLine(follower!.id, role) });
  change(simulation, as('observer'), [1, 2, 3].map((id) => (id === follower!.number ? `${id}o` : `${id}`)).join(' '));
  expect(follower!.role).toBe('observer');
  change(simulation, as('participant'), '1 2 3');
  expect(follower!.role).toBe('follower');
  simulation.calm();
});

it('a server that was down while all other members were replaced finds them, through those that were', () => {
  const simulation = ensemble(3, 3);
  const absent = others(simulation, simulation.settle()).find((host) => host.number <= 3)!;
  absent.crash('killed', false);
  const present = [1, 2, 3].filter((id) => id !== absent.number);
  change(simulation, joining(4), `1 2 3 4`);
  change(simulation, joining(5), `1 2 3 4 5`);
  change(simulation, { leavingServers: `${absent.number}` }, [...present, 4, 5].join(' '));
  change(simulation, { ...joining(6), leavingServers: `${present[0]}` }, `${present[1]} 4 5 6`);
  change(simulation, { leavingServers: `${present[1]}` }, '4 5 6');
  simulation.restart(absent);
  simulation.runUntil('it knows', () => membersOf(absent) === '4 5 6');
  simulation.calm();
  expect(membersOf(absent)).toBe(membersOf(simulation.leader!));
});

it('nothing of a new configuration counts when its leader is cut off before anybody heard of it', () => {
  const simulation = ensemble(3, 0);
  const leader = simulation.settle();
  const before = versionOf(leader);
  isolate(simulation, leader);
  const [removed] = others(simulation, leader);
  expect(simulation.operator.change(leader, { leavingServers: `${removed!.number}` })).toBe(true);
  simulation.runUntil('others lead', () => others(simulation, leader).some((host) => host.isServing && host.epoch > 1));
  simulation.calm();
  expect(simulation.hosts.map(versionOf)).toEqual([before, before, before]);
});

it('a power failure of all, the moment a new configuration is proposed, leaves the old one or the new one', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const simulation = scenario({ seed, spares: 2, reconfigurations: 1 });
    const leader = simulation.settle();
    simulation.runFor(300);
    simulation.operator.change(leader, joining(4, 5));
    simulation.runFor(seed);
    for (const host of simulation.hosts) host.crash('power failure', true);
    for (const host of simulation.hosts) simulation.restart(host);
    simulation.settle();
    simulation.calm();
    expect(['1 2 3', '1 2 3 4 5']).toContain(membersOf(simulation.leader!));
  }
});

it.each([
  ['that nobody answers', { joiningServers: serverLine(9n, 'participant'), leavingServers: '1,2,3' }],
  ['without a voter', { leavingServers: '1,2,3' }],
  ['of an older version', { leavingServers: '1', curConfigId: 1n }],
])('a configuration %s is refused, and nothing changes', (_what, request) => {
  const simulation = ensemble(3, 0);
  const leader = simulation.settle();
  expect(simulation.operator.change(leader, request)).toBe(false);
  simulation.calm();
  expect(membersOf(leader)).toBe('1 2 3');
});
