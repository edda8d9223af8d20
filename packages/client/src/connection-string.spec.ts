import { parseConnectionString } from './connection-string.js';

describe('a connection string', () => {
  it.each([
    ['localhost', [['localhost', 2181]], ''],
    [
      'a:1,b:2',
      [
        ['a', 1],
        ['b', 2],
      ],
      '',
    ],
    [
      ' a:1 , b ',
      [
        ['a', 1],
        ['b', 2181],
      ],
      '',
    ],
    [
      'a:1,b:2/app/x',
      [
        ['a', 1],
        ['b', 2],
      ],
      '/app/x',
    ],
    ['a/', [['a', 2181]], ''],
    ['[::1]:2182', [['::1', 2182]], ''],
    [
      '[2001:db8::1],[fe80::1%eth0]:3/x',
      [
        ['2001:db8::1', 2181],
        ['fe80::1%eth0', 3],
      ],
      '/x',
    ],
    ['2001:db8::1', [['2001:db8::1', 2181]], ''],
    ['10.0.0.1:65535', [['10.0.0.1', 65_535]], ''],
  ])('"%s" names servers and a chroot', (text, servers, chroot) => {
    const parsed = parseConnectionString(text);
    expect(parsed.servers.map(({ host, port }) => [host, port])).toEqual(servers);
    expect(parsed.chroot).toBe(chroot);
  });

  it.each([
    '',
    '/x',
    ',',
    ':2181',
    'zk1:2181:3181',
    'user:secret@a:1',
    'a:0',
    'a:65536',
    'a:x',
    'a:',
    '[::1]:x',
    'a/x/',
    'a//x',
    'a/../b',
  ])('"%s" is none, and the error says why', (text) => {
    expect(() => parseConnectionString(text)).toThrow(TypeError);
  });

  it.each([
    ['zk://host:2181', 'is no URL: leave out "zk://"'],
    ['zookeeper://h1:2181,h2:2181/app', 'is no URL: leave out "zookeeper://"'],
    ['h1:2181/a,h2:2181/a', 'the chroot of "h1:2181/a,h2:2181/a" comes once, after all servers'],
    ['h1/a,h2:2181', 'comes once, after all servers'],
  ])('"%s" is a slip that the error names', (text, message) => {
    expect(() => parseConnectionString(text)).toThrow(message);
  });
});
