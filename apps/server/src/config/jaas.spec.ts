import { parseJaas } from './jaas.js';

describe('parseJaas', () => {
  it('reads sections, modules and options as Java does', () => {
    const sections = parseJaas(`
      /* Two users;
         and a comment with { signs } */
      Server {
        org.apache.zookeeper.server.auth.DigestLoginModule required
          user_super="admin\\"secret"   // the first
          user_bob=bobsecret;
        other.Module OPTIONAL debug=true;
      };
      Empty{};`);
    expect([...sections.keys()]).toEqual(['Server', 'Empty']);
    expect(sections.get('Server')).toEqual([
      {
        name: 'org.apache.zookeeper.server.auth.DigestLoginModule',
        options: new Map([
          ['user_super', 'admin"secret'],
          ['user_bob', 'bobsecret'],
        ]),
      },
      { name: 'other.Module', options: new Map([['debug', 'true']]) },
    ]);
    expect(sections.get('Empty')).toEqual([]);
  });

  it.each([
    ['Server', 'line 1: the end where "{" belongs'],
    [
      'Server {\n  a.B sometimes;\n};',
      'line 2: sometimes where one of required, requisite, sufficient, optional belongs',
    ],
    ['Server { a.B required x;\n};', 'line 1: ; where "=" belongs'],
    ['Server { a.B required x=; };', 'line 1: ; where the value of x belongs'],
    ['Server { a.B required\n x="y; };', 'line 2: a text in quotes that does not end'],
    ['Server { a.B required x=y; }', 'line 1: the end where ";" belongs'],
    ['{', 'line 1: { where the name of a section belongs'],
  ])('refuses %j and says where', (text, message) => {
    expect(() => parseJaas(text)).toThrow(message);
  });

  it('knows no sections in an empty file', () => {
    expect(parseJaas(' // nothing\n')).toEqual(new Map());
  });
});
