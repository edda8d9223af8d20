import { errorName } from '@zk/model';
import { EnsembleConfig } from './ensemble-config.js';
import { type Reconfig, type ReconfigSituation, planReconfig } from './reconfig.js';

const three = [
  'server.1=a:2888:3888:participant;0.0.0.0:2181',
  'server.2=b:2888:3888:participant;0.0.0.0:2181',
  'server.3=c:2888:3888:participant;0.0.0.0:2181',
];
const VERSION = 0x200000007n;
const committed = EnsembleConfig.parse([...three, 'version=100000002'].join('\n'));
const nothing: Reconfig = { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1n };

/** The lines of the new configuration, or the name of the error. */
function outcome(request: Partial<Reconfig>, situation: Partial<ReconfigSituation> = {}): string | readonly string[] {
  const full = { committed, synchronized: new Set([1n, 2n, 3n, 4n]), isStandaloneEnabled: true, ...situation };
  const planned = planReconfig({ ...nothing, ...request }, full, VERSION);
  if ('code' in planned) return errorName(planned.code);
  expect(planned.config.version).toBe(VERSION);
  return planned.config.text.split('\n').slice(0, -1);
}

describe('a reconfiguration', () => {
  it('changes what Apache was recorded to change, to the same bytes', () => {
    const before = [1, 2, 3].map((id) => `server.${id}=127.0.0.1:2328${id}:2388${id}:participant;127.0.0.1:2318${id}`);
    const recorded = EnsembleConfig.parse([...before, 'version=100000000'].join('\n'));
    const joiningServers = 'server.4=127.0.0.1:23284:23884:observer;127.0.0.1:23184';
    const planned = planReconfig(
      { ...nothing, joiningServers },
      { committed: recorded, synchronized: new Set([1n, 2n, 3n]), isStandaloneEnabled: true },
      0x100000002n,
    );
    expect('config' in planned && planned.config.text).toBe(
      [...before, joiningServers, 'version=100000002'].join('\n'),
    );
  });

  it.each<[string, Partial<Reconfig>, readonly string[]]>([
    ['one joins', { joiningServers: 'server.4=d:1:2;3' }, [...three, 'server.4=d:1:2:participant;0.0.0.0:3']],
    ['one leaves', { leavingServers: '3' }, three.slice(0, 2)],
    [
      'some join, some leave, with blanks',
      { joiningServers: ' server.4=d:1:2;3 , server.5=e:1:2:observer;f:3,', leavingServers: ' 2, 3' },
      [three[0]!, 'server.4=d:1:2:participant;0.0.0.0:3', 'server.5=e:1:2:observer;f:3'],
    ],
    [
      'one with several addresses joins',
      { joiningServers: 'server.4=e:1:2|d:1:2:observer;3' },
      [...three, 'server.4=d:1:2|e:1:2:observer;0.0.0.0:3'],
    ],
    ['who leaves was not there', { leavingServers: '9' }, three],
    [
      'one gets another role',
      { joiningServers: 'server.3=c:2888:3888:observer;2181' },
      [...three.slice(0, 2), 'server.3=c:2888:3888:observer;0.0.0.0:2181'],
    ],
    [
      'one leaves and comes back with another address',
      { leavingServers: '3', joiningServers: 'server.3=x:1:2;3' },
      [...three.slice(0, 2), 'server.3=x:1:2:participant;0.0.0.0:3'],
    ],
    [
      'all are given, with commas',
      { newMembers: 'server.1=a:1:2,server.4=d:1:2:participant' },
      ['server.1=a:1:2:participant', 'server.4=d:1:2:participant'],
    ],
    [
      'all are given, with groups',
      { newMembers: 'server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2' },
      ['server.1=a:1:2:participant', 'server.2=b:1:2:participant', 'group.1=1:2', 'weight.1=1', 'weight.2=1'],
    ],
    [
      'all are given, and others are ignored',
      { newMembers: 'server.1=a:1:2,server.2=b:1:2', leavingServers: 'x' },
      ['server.1=a:1:2:participant', 'server.2=b:1:2:participant'],
    ],
    [
      'all are given, an observer too, with a version of their own',
      { newMembers: 'server.1=a:1:2,server.2=b:1:2,server.3=c:1:2:observer,version=5' },
      ['server.1=a:1:2:participant', 'server.2=b:1:2:participant', 'server.3=c:1:2:observer'],
    ],
    [
      'all are given, with comments and empty lines',
      { newMembers: '# by hand\n! and so\n\nserver.1=a:1:2\nserver.2=b:1:2' },
      ['server.1=a:1:2:participant', 'server.2=b:1:2:participant'],
    ],
    ['it starts from the version there is', { leavingServers: '3', curConfigId: 0x100000002n }, three.slice(0, 2)],
  ])('%s', (_name, request, lines) => {
    expect(outcome(request)).toEqual(lines);
  });

  it.each<[string, Partial<Reconfig>, string]>([
    ['of another version', { leavingServers: '3', curConfigId: 0n }, 'BADVERSION'],
    ['without an election port', { joiningServers: 'server.4=d:1;3' }, 'BADARGUMENTS'],
    ['without a client port', { joiningServers: 'server.4=d:1:2' }, 'BADARGUMENTS'],
    ['without a specification', { joiningServers: 'server.4' }, 'BADARGUMENTS'],
    ['with two specifications', { joiningServers: 'server.4=d:1:2;3=e' }, 'BADARGUMENTS'],
    ['with a role nobody knows', { joiningServers: 'server.4=d:1:2:witness;3' }, 'BADARGUMENTS'],
    ['to an address that is taken', { joiningServers: 'server.4=a:2888:1;2' }, 'BADARGUMENTS'],
    ['to a port that is taken, of another kind', { joiningServers: 'server.4=d:1:2;a:3888' }, 'BADARGUMENTS'],
    ['with a joiner that is no number', { joiningServers: 'server.x=d:1:2;3' }, 'MARSHALLINGERROR'],
    ['with a leaver that is no number', { leavingServers: 'x' }, 'MARSHALLINGERROR'],
    ['that leaves one voter', { leavingServers: '2,3' }, 'BADARGUMENTS'],
    ['that leaves nobody', { leavingServers: '1,2,3' }, 'BADARGUMENTS'],
    ['to members that cannot be read', { newMembers: 'server.1' }, 'BADARGUMENTS'],
    ['to members that are none', { newMembers: 'server.1=a:1:2,tickTime=5' }, 'BADARGUMENTS'],
    ['to a member without a number', { newMembers: 'server.x=a:1:2' }, 'MARSHALLINGERROR'],
    ['to a group that has no number', { newMembers: 'server.1=a:1:2,group.x=1' }, 'MARSHALLINGERROR'],
    ['to a group of members that are no numbers', { newMembers: 'server.1=a:1:2,group.1=1:x' }, 'MARSHALLINGERROR'],
    ['to one participant', { newMembers: 'server.1=a:1:2' }, 'BADARGUMENTS'],
    ['to observers alone', { newMembers: 'server.1=a:1:2:observer' }, 'MARSHALLINGERROR'],
    ['to a weight that is no number', { newMembers: 'server.1=a:1:2,group.1=1,weight.1=x' }, 'MARSHALLINGERROR'],
    ['to a participant in no group', { newMembers: 'server.1=a:1:2,server.2=b:1:2,group.1=1' }, 'BADARGUMENTS'],
    ['to observers and one participant', { newMembers: 'server.1=a:1:2,server.2=b:1:2:observer' }, 'MARSHALLINGERROR'],
    [
      'to a configuration whose quorum is elsewhere',
      { newMembers: 'server.4=d:1:2,server.5=e:1:2' },
      'NEWCONFIGNOQUORUM',
    ],
  ])('%s is refused', (_name, request, error) => {
    expect(outcome(request)).toBe(error);
  });

  it.each<[string, Partial<Reconfig>, Partial<ReconfigSituation>, string | readonly string[]]>([
    [
      'waits for another',
      { leavingServers: '3' },
      { lastSeen: committed.withVersion(0x100000005n) },
      'RECONFIGINPROGRESS',
    ],
    [
      'waits for the leader that the last one named',
      { leavingServers: '3' },
      { isHandingOver: true },
      'RECONFIGINPROGRESS',
    ],
    ['is possible after the other', { leavingServers: '3' }, { lastSeen: committed }, three.slice(0, 2)],
    [
      'needs a quorum of the new voters',
      { leavingServers: '3' },
      { synchronized: new Set([1n, 3n]) },
      'NEWCONFIGNOQUORUM',
    ],
    [
      'may leave one voter where that is allowed',
      { leavingServers: '2,3' },
      { isStandaloneEnabled: false },
      three.slice(0, 1),
    ],
    [
      'may not give a joiner several addresses where that is off',
      { joiningServers: 'server.4=d:1:2|e:1:2;3' },
      { isMultiAddressEnabled: false },
      'BADARGUMENTS',
    ],
    [
      'may not give anybody several addresses where that is off',
      { newMembers: 'server.1=a:1:2|b:1:2,server.2=c:1:2' },
      { isMultiAddressEnabled: false },
      'BADARGUMENTS',
    ],
    [
      'may give everybody one address where several are off',
      { leavingServers: '3' },
      { isMultiAddressEnabled: false },
      three.slice(0, 2),
    ],
    [
      'may leave one voter and observers where that is allowed',
      { newMembers: 'server.1=a:1:2,server.2=b:1:2:observer' },
      { isStandaloneEnabled: false },
      ['server.1=a:1:2:participant', 'server.2=b:1:2:observer'],
    ],
    [
      'may not leave observers alone even there',
      { newMembers: 'server.1=a:1:2:observer' },
      { isStandaloneEnabled: false },
      'MARSHALLINGERROR',
    ],
    ['may not leave nobody even there', { leavingServers: '1,2,3' }, { isStandaloneEnabled: false }, 'BADARGUMENTS'],
    [
      'by parts is not for groups',
      { leavingServers: '3' },
      { committed: EnsembleConfig.parse([...three, 'group.1=1:2:3'].join('\n')) },
      'BADARGUMENTS',
    ],
  ])('%s', (_name, request, situation, expected) => {
    expect(outcome(request, situation)).toEqual(expected);
  });

  it('says which address of whom is taken', () => {
    const planned = planReconfig(
      { ...nothing, joiningServers: 'server.4=d:1:2;a:3888' },
      { committed, synchronized: new Set([1n, 2n, 3n]), isStandaloneEnabled: true },
      VERSION,
    );
    expect(planned).toMatchObject({ reason: 'a:3888 of server.4 is of server.1 as well' });
  });

  it.each(['0.0.0.0', '[0:0:0:0:0:0:0:0]', '[0:0:0:0:0:0:0:1]', '127.0.0.1', 'localhost'])(
    'does not take %s of two servers for one address',
    (host) => {
      const other = `server.4=${host}:1:2;${host}:3`;
      const before = EnsembleConfig.parse([...three, other].join('\n'));
      expect(outcome({ joiningServers: `server.5=${host}:1:2;${host}:3` }, { committed: before })).toContainEqual(
        expect.stringContaining(`server.5=${host}:1:2`),
      );
    },
  );
});
