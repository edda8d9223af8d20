import { isHangupIgnored, type Origins } from './hangup.js';

const NOTHING: Origins = { environment: {}, input: undefined, ignoredByParent: undefined };

describe('SIGHUP', () => {
  it.each<[string, Partial<Origins>, boolean]>([
    ['nothing says otherwise', {}, false],
    ['the shell has run nohup', { environment: { _: '/usr/bin/nohup' } }, true],
    ['the shell has run the server', { environment: { _: '/usr/local/bin/zk-server' } }, false],
    ['nohup has replaced the terminal', { input: { path: '/dev/null', flags: 0o100001 } }, true],
    ['there is no input', { input: { path: '/dev/null', flags: 0o100000 } }, false],
    ['the input is open for both', { input: { path: '/dev/null', flags: 0o100002 } }, false],
    ['the input is a terminal', { input: { path: '/dev/pts/1', flags: 0o100001 } }, false],
    ['the parent ignores it', { ignoredByParent: 0x1001n }, true],
    ['the parent ignores others', { ignoredByParent: 0x1002n }, false],
  ])('when %s: is ignored %j: %p', (_title, origins, expected) => {
    expect(isHangupIgnored({ ...NOTHING, ...origins })).toBe(expected);
  });
});
