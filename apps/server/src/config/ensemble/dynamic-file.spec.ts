import { EnsembleFiles, LIMITS, THREE } from '../../../test/ensemble-files.js';

describe('a dynamic file', () => {
  let files: EnsembleFiles;

  beforeEach(() => {
    files = new EnsembleFiles();
  });

  afterEach(() => files.remove());

  const POINTER = `dataDir=data\n${LIMITS}\ndynamicConfigFile=zoo.cfg.dynamic.100000002`;

  it('holds the members, and their version in its name', async () => {
    files.write('zoo.cfg.dynamic.100000002', THREE);
    const ensemble = await files.ensembleOf(POINTER);
    expect([ensemble.config.version, ensemble.config.servers.size, ensemble.isStatic]).toEqual([
      0x100000002n,
      3,
      false,
    ]);
    expect(ensemble.lastSeen).toBeUndefined();
  });

  it.each([
    ['zoo.cfg.dynamic', 0n],
    ['members', 0n],
    ['zoo.cfg.dynamic.7f00000001', 0x7f00000001n],
    ['zoo.face', 0xfacen],
  ])('called %s has the version %s', async (name, version) => {
    files.write(name, THREE);
    const { config } = await files.ensembleOf(`dataDir=data\n${LIMITS}\ndynamicConfigFile=${name}`);
    expect(config.version).toBe(version);
  });

  it('may be followed by one that was only seen, with its version inside', async () => {
    files.write('zoo.cfg.dynamic.100000002', THREE);
    files.write('zoo.cfg.dynamic.next', `${THREE}\nserver.4=d:1:2;2181\nversion=100000009`);
    const { lastSeen } = await files.ensembleOf(POINTER);
    expect([lastSeen?.version, lastSeen?.servers.size]).toEqual([0x100000009n, 4]);
  });

  it.each([
    [
      'a version inside',
      `${THREE}\nversion=5`,
      '',
      'zoo.cfg.dynamic.100000002:4: version does not belong into a dynamic file: the end of its name is the version',
    ],
    [
      'another key',
      `${THREE}\ntickTime=5`,
      '',
      'zoo.cfg.dynamic.100000002:4: tickTime does not belong into a dynamic file, only server, group and weight lines do',
    ],
    [
      'a bad line',
      'server.1=a',
      '',
      'zoo.cfg.dynamic.100000002:1: server.1=a: expected host:quorumPort:electionPort[:role]',
    ],
    [
      'members in both files',
      THREE,
      '\nserver.9=i:1:2',
      'zoo.cfg:5: member lines belong into dynamicConfigFile (zoo.cfg.dynamic.100000002) once that is set',
    ],
    [
      'a group in the other file',
      THREE,
      '\ngroup.1=1',
      'zoo.cfg:5: member lines belong into dynamicConfigFile (zoo.cfg.dynamic.100000002) once that is set',
    ],
    [
      'no file',
      undefined,
      '',
      'zoo.cfg:4: dynamicConfigFile: zoo.cfg.dynamic.100000002: cannot be read: there is no such file',
    ],
  ])('stops the start with %s', async (_title, text, more, problem) => {
    if (text !== undefined) files.write('zoo.cfg.dynamic.100000002', text);
    expect(await files.problemsOf(`${POINTER}${more}`)).toEqual([problem]);
  });

  it('stops the start when what was seen cannot be read', async () => {
    files.write('zoo.cfg.dynamic.100000002', THREE);
    files.write('zoo.cfg.dynamic.next', `${THREE}\nversion=0x5`);
    expect(await files.problemsOf(POINTER)).toEqual(['zoo.cfg.dynamic.next:4: version must be hexadecimal']);
  });
});
