import { parseProperties } from './client-options.js';
import { readLaunchOptions } from './launch-options.js';

describe('readLaunchOptions', () => {
  it.each([
    [[], { servers: 'localhost:2181', timeoutMs: 30_000, command: [] }],
    [['-server', 'a:1,b:2/x', 'ls', '/'], { servers: 'a:1,b:2/x', command: ['ls', '/'] }],
    [['--server=a:1', '--json', 'ls', '-s', '/'], { servers: 'a:1', isJson: true, command: ['ls', '-s', '/'] }],
    [['-timeout', '5000', '-r', '-waitforconnection'], { timeoutMs: 5000, isReadOnly: true, waitsForConnection: true }],
    [['-c', 'ls /', '-c', 'ls /a'], { scripts: ['ls /', 'ls /a'] }],
    [['-auth', 'digest:a:b', '-auth', 'ip:x'], { auth: ['digest:a:b', 'ip:x'] }],
    [['-ca', 'ca.pem'], { isSecure: true, tls: { ca: 'ca.pem' } }],
    [['-zkcli', 'ls', '/'], { isZkCli: true, command: ['ls', '/'] }],
  ])('reads %j', (argv, expected) => {
    expect(readLaunchOptions(argv, {})).toMatchObject(expected);
  });

  it('takes the servers from the environment unless they are given', () => {
    expect(readLaunchOptions([], { ZK_SERVERS: 'e:1' }).servers).toBe('e:1');
    expect(readLaunchOptions(['-server', 'a:1'], { ZK_SERVERS: 'e:1' }).servers).toBe('a:1');
  });

  it.each([
    [['-sever', 'a'], 'unknown option -sever. Did you mean -server?'],
    [['-server'], '-server needs a value'],
    [['-timeout', 'soon'], '-timeout needs milliseconds'],
    [['--json=yes'], 'takes no value'],
  ])('refuses %j', (argv, message) => {
    expect(() => readLaunchOptions(argv, {})).toThrow(message);
  });
});

describe('parseProperties', () => {
  it('reads what the Java client reads', () => {
    const text =
      '# comment\nzookeeper.client.secure=true\nzookeeper.ssl.keyStore.location : /a b/key.pem\nlong=one\\\n  two';
    expect(Object.fromEntries(parseProperties(text))).toEqual({
      'zookeeper.client.secure': 'true',
      'zookeeper.ssl.keyStore.location': '/a b/key.pem',
      long: 'onetwo',
    });
  });
});
