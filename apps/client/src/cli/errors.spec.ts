import { CancelledError, ConnectionLossError, SessionExpiredError, errorOfCode } from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import { explain } from './errors.js';
import { CommandError, ExitCode, UsageError } from './exit-codes.js';

describe('explain', () => {
  it.each([
    [ErrorCode.NONODE, 'Node does not exist: /a', 4],
    [ErrorCode.NODEEXISTS, 'Node already exists: /a', 5],
    [ErrorCode.BADVERSION, 'version No is not valid : /a', 6],
    [ErrorCode.NOAUTH, 'Insufficient permission : /a', 7],
    [ErrorCode.NOTEMPTY, 'Node not empty: /a', 8],
    [ErrorCode.QUOTAEXCEEDED, 'Quota has exceeded : /a', 9],
    [ErrorCode.NOCHILDRENFOREPHEMERALS, 'Ephemerals cannot have children: /a', 1],
    [ErrorCode.INVALIDACL, 'Acl is not valid : /a', 1],
    [ErrorCode.BADARGUMENTS, 'Arguments are not valid : /a', 1],
    [ErrorCode.NOTREADONLY, 'Not a read-only call: /a', 1],
    [ErrorCode.THROTTLEDOP, 'KeeperErrorCode = Op throttled due to high load for /a', 1],
    [ErrorCode.NOWATCHER, 'KeeperErrorCode = No such watcher for /a', 1],
    [-999, 'KeeperErrorCode = UNKNOWN(-999) for /a', 1],
  ])('tells code %i as zkCli does', (code, message, exitCode) => {
    expect(explain(errorOfCode(code, '/a'))).toMatchObject({ message, exitCode, path: '/a', maybeApplied: false });
  });

  it.each([
    ['a lost connection', new ConnectionLossError('/a', true), 3, true],
    ['a request that was never sent', new ConnectionLossError('/a', false), 3, false],
    ['the end of the session', new SessionExpiredError('/a'), 3, false],
    ['an interrupt', new CancelledError('/a', undefined, true), 130, true],
  ])('tells of %s whether it may have been applied', (_, error, exitCode, maybeApplied) => {
    const explanation = explain(error);
    expect(explanation).toMatchObject({ exitCode, maybeApplied });
    expect(explanation.message.includes('may have been applied')).toBe(maybeApplied);
  });

  it('keeps what commands say themselves', () => {
    expect(explain(new UsageError('ls path'))).toMatchObject({ message: 'ls path', exitCode: 2, name: 'USAGE' });
    expect(explain(new CommandError('held', ExitCode.notAcquired))).toMatchObject({ message: 'held', exitCode: 75 });
    expect(explain('thrown')).toMatchObject({ message: 'thrown', exitCode: 1 });
  });
});
