import { OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from './acl.js';
import {
  AddWatchMode,
  CreateMode,
  ErrorCode,
  EventType,
  MAX_TTL_MS,
  OpCode,
  Perms,
  WatcherType,
  Xid,
  errorName,
  isEphemeral,
  isSequential,
  isTtl,
} from './codes.js';

describe('the numbers of the protocol', () => {
  it.each([
    ['opcodes', OpCode],
    ['error codes', ErrorCode],
    ['event types', EventType],
    ['create modes', CreateMode],
    ['add-watch modes', AddWatchMode],
    ['watcher types', WatcherType],
    ['transaction ids', Xid],
  ])('are distinct and cannot be changed: %s', (_, numbers) => {
    expect(new Set(Object.values(numbers)).size).toBe(Object.keys(numbers).length);
    expect(Object.isFrozen(numbers)).toBe(true);
  });

  it('leave 10 to nobody, and the gap between 22 and 100', () => {
    const codes: number[] = Object.values(OpCode);
    expect(codes).not.toContain(10);
    expect(codes.filter((code) => code > 22 && code < 100)).toEqual([]);
  });

  it('tell system errors from API errors', () => {
    const system = Object.entries(ErrorCode).filter(([, code]) => code < 0 && code > ErrorCode.APIERROR);
    expect(system.map(([name]) => name).sort()).toEqual([
      'BADARGUMENTS',
      'CONNECTIONLOSS',
      'DATAINCONSISTENCY',
      'MARSHALLINGERROR',
      'NEWCONFIGNOQUORUM',
      'OPERATIONTIMEOUT',
      'RECONFIGINPROGRESS',
      'RUNTIMEINCONSISTENCY',
      'SYSTEMERROR',
      'UNIMPLEMENTED',
      'UNKNOWNSESSION',
    ]);
  });

  it('give every permission a bit of its own', () => {
    expect(Perms.read | Perms.write | Perms.create | Perms.delete | Perms.admin).toBe(Perms.all);
    expect(Perms.read + Perms.write + Perms.create + Perms.delete + Perms.admin).toBe(Perms.all);
    expect(OPEN_ACL_UNSAFE).toEqual([{ scheme: 'world', id: 'anyone', perms: Perms.all }]);
    expect(READ_ACL_UNSAFE).toEqual([{ scheme: 'world', id: 'anyone', perms: Perms.read }]);
  });
});

describe('errorName', () => {
  it.each([
    [0, 'OK'],
    [-5, 'MARSHALLINGERROR'],
    [-101, 'NONODE'],
    [-127, 'THROTTLEDOP'],
    [-126, 'UNKNOWN(-126)'],
    [1, 'UNKNOWN(1)'],
  ])('of %i is %s', (code, name) => {
    expect(errorName(code)).toBe(name);
  });
});

describe('create flags', () => {
  it.each([
    [CreateMode.persistent, false, false, false],
    [CreateMode.ephemeral, true, false, false],
    [CreateMode.persistentSequential, false, true, false],
    [CreateMode.ephemeralSequential, true, true, false],
    [CreateMode.container, false, false, false],
    [CreateMode.persistentWithTtl, false, false, true],
    [CreateMode.persistentSequentialWithTtl, false, true, true],
    [7, false, false, false],
    [-1, false, false, false],
  ])('%i: ephemeral %s, sequential %s, with TTL %s', (flags, ephemeral, sequential, ttl) => {
    expect([isEphemeral(flags), isSequential(flags), isTtl(flags)]).toEqual([ephemeral, sequential, ttl]);
  });

  it('allow a time to live of 40 bits', () => {
    expect(MAX_TTL_MS).toBe(2 ** 40 - 1);
  });
});
