import { CorruptionError, InvariantViolation, KeeperError, invariant } from './errors.js';

describe('KeeperError', () => {
  it('says which code, by name and number, and for which path', () => {
    const error = new KeeperError(-101, '/a');
    expect(error).toMatchObject({ name: 'NONODE', code: -101, path: '/a', message: 'NONODE (-101) for /a' });
    expect(new KeeperError(-4)).toMatchObject({
      name: 'CONNECTIONLOSS',
      path: undefined,
      message: 'CONNECTIONLOSS (-4)',
    });
    expect(new KeeperError(-999).name).toBe('UNKNOWN(-999)');
  });
});

describe('CorruptionError', () => {
  it('says where, what and what to do', () => {
    const error = new CorruptionError('version-2/log.1', 16, 'checksum 0x1, expected 0x2', 'Restore a backup.');
    expect(error.message).toBe('version-2/log.1 is damaged at byte 16: checksum 0x1, expected 0x2. Restore a backup.');
    expect(error).toMatchObject({ name: 'CorruptionError', file: 'version-2/log.1', offset: 16 });
  });
});

describe('invariant', () => {
  it('is silent while the claim holds, and throws when it does not', () => {
    expect(() => invariant(true, 'one is one')).not.toThrow();
    expect(() => invariant(false, 'one is two')).toThrow(new InvariantViolation('one is two'));
  });
});
