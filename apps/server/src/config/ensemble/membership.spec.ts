import { set } from '../../../test/config-files.js';
import { BASE, EnsembleFiles, LIMITS } from '../../../test/ensemble-files.js';

describe('the members of an ensemble', () => {
  let files: EnsembleFiles;

  beforeEach(() => {
    files = new EnsembleFiles();
  });

  afterEach(() => files.remove());

  describe('the number of participants', () => {
    const list = (count: number, more = ''): string =>
      `dataDir=data\n${LIMITS}\n${Array.from({ length: count }, (_, i) => `server.${i + 1}=h${i}:1:2`).join('\n')}\n${more}`;

    it.each([
      [
        1,
        'standaloneEnabled=false',
        ['zoo.cfg:4: an ensemble of 1 survives no failure of a server; three are needed for that'],
      ],
      [2, '', ['zoo.cfg:4: an ensemble of 2 survives no failure of a server; three are needed for that']],
      [2, 'oraclePath=/run/oracle', []],
      [3, '', []],
      [4, '', ['zoo.cfg:4: an ensemble of 4 survives no more failures than one of 3; odd numbers are better']],
      [5, 'server.6=o:1:2:observer', []],
    ])('%i warns where it is a bad one', async (count, more, expected) => {
      expect(await files.warningsOf(list(count, more))).toEqual(expected);
    });
  });

  it.each([
    ['another host', 'h3:1:2', []],
    ['other ports', 'h1:3:4', []],
    [
      'the same address',
      'h1:1:2',
      ['server.3 has the address h1:1 of server.1', 'server.3 has the address h1:2 of server.1'],
    ],
    ['a port of each kind', 'h2:2:9', ['server.3 has the address h2:2 of server.2']],
    [
      'the same address, written otherwise',
      '[::1]:1:2\nserver.2=[0:0::1]:1:3',
      ['server.3 has the address [0:0:0:0:0:0:0:1]:1 of server.2'],
    ],
  ])('a third server with %s', async (_what, third, expected) => {
    const text = `dataDir=data\n${LIMITS}\nserver.1=h1:1:2\nserver.2=h2:1:2\nserver.3=${third}`;
    const warnings = (await files.warningsOf(text)).filter((warning) => warning.includes('address'));
    expect(warnings).toEqual(expected.map((warning) => `zoo.cfg:6: ${warning}`));
  });

  describe('member lines', () => {
    const multi = 'multiAddress.enabled=true\n';
    it.each([
      ['h:1:2', 'h:1:2:participant'],
      ['h:1:2:observer', 'h:1:2:observer'],
      ['h:1:2:OBSERVER;2181', 'h:1:2:observer;0.0.0.0:2181'],
      ['h:1:2;10.0.0.1:2181', 'h:1:2:participant;10.0.0.1:2181'],
      ['[::1]:1:2;[::]:2181', '[0:0:0:0:0:0:0:1]:1:2:participant;[0:0:0:0:0:0:0:0]:2181'],
      ['b:1:2|a:3:4', 'a:3:4|b:1:2:participant'],
      ['b:1:2:observer|a:3:4:observer', 'a:3:4|b:1:2:observer'],
    ])('%s means %s', async (line, canonical) => {
      const { config } = await files.ensembleOf(`${BASE}\nserver.4=${line}\n${multi}`);
      expect(config.text).toContain(`server.4=${canonical}\n`);
    });

    it.each([
      ['server.4=a:2888', 'zoo.cfg:7: server.4=a:2888: expected host:quorumPort:electionPort[:role]'],
      [
        'server.4=a:2888:3888:learner',
        'zoo.cfg:7: server.4=a:2888:3888:learner: "learner" is neither participant nor observer',
      ],
      ['server.4=a:2888:2888', 'zoo.cfg:7: server.4=a:2888:2888: the quorum port and the election port are the same'],
      ['server.x=a:2888:3888', 'zoo.cfg:7: the id in server.x must be a whole number'],
      ['server.4=a:1:2|b:3:4', 'zoo.cfg:7: server.4 has 2 addresses, which needs multiAddress.enabled=true'],
      [
        'server.4=a:1:2:observer|b:3:4:participant',
        'zoo.cfg:7: server.4=a:1:2:observer|b:3:4:participant: one server cannot have two roles',
      ],
      ['group.1=1:2', 'zoo.cfg:7: server 3 is a participant and in no group'],
      ['group.1=1:2:3\ngroup.2=3', 'zoo.cfg:7: server 3 is in two groups'],
      ['group.1=1:2:x', 'zoo.cfg:7: group.1: "x" is not a number'],
      ['group.1=1:2:3\nweight.1=-1', 'zoo.cfg:7: weight.1=-1, allowed: 0, 1, 2, …'],
    ])('%s stops the start', async (line, problem) => {
      expect(await files.problemsOf(`${BASE}\n${line}`)).toEqual([problem]);
    });

    it('may name hosts that are called like a role', async () => {
      const { config } = await files.ensembleOf(`${BASE}\nserver.4=observer:1:2:participant`);
      expect(config.servers.get(4n)?.role).toBe('participant');
    });

    it('may be grouped and weighed', async () => {
      const { config } = await files.ensembleOf(`${BASE}\ngroup.1=1:2\ngroup.2=3\nweight.3=0`);
      expect(config.verifier.isQuorum(new Set([1n, 2n]))).toBe(true);
      expect(config.verifier.isQuorum(new Set([1n, 3n]))).toBe(false);
    });

    it('may stand on the command line', async () => {
      const { config } = await files.load(BASE, { flags: [set('server.3', 'other:1:2'), set('syncLimit', '7')] });
      expect(config.ensemble?.config.servers.get(3n)?.addresses[0]?.host).toBe('other');
      expect(config.ensemble?.syncLimitTicks).toBe(7);
    });
  });
});
