import { callOptionsDefect } from './call-options.js';
import { nearestName } from './nearest-name.js';
import { type OptionRules, requireOptions, rules } from './option-rules.js';

interface DoorOptions {
  readonly color?: string;
  readonly key: string;
  readonly closesAfter?: number;
}

const doorRules: OptionRules<DoorOptions> = {
  color: rules.oneOf('red', 'green'),
  key: rules.name,
  closesAfter: rules.duration,
};

describe('options', () => {
  it('are given back when every rule is met, and undefined is not given', () => {
    const options = { key: 'k', color: undefined, closesAfter: '5s' };
    expect(requireOptions<object>('a door', options, doorRules, [])).toBe(options);
  });

  it.each<[string, unknown, string]>([
    ['null', null, 'the options of a door are an object with key, not null'],
    ['missing', {}, 'a door needs the option key: a string that is not empty'],
    ['of another kind', { key: 'k', color: 'blue' }, 'color of a door is "red" or "green", not "blue"'],
    ['unknown', { key: 'k', size: 3 }, '"size" is no option of a door: the options are color, key, closesAfter'],
    ['all objects have', { key: 'k', ['__proto__']: 1 }, '"__proto__" is no option of a door: the options are color'],
    ['misspelt', { key: 'k', closeAfter: 3 }, '"closeAfter" is no option of a door: did you mean "closesAfter"?'],
    ['perhaps secret', { key: Symbol('secret') }, 'key of a door is a string that is not empty, not a symbol'],
  ])('that are %s are a TypeError that says so', (_what, options, message) => {
    const check = (): unknown => requireOptions('a door', options as DoorOptions, doorRules, ['key']);
    expect(check).toThrow(TypeError);
    expect(check).toThrow(message);
  });
});

it('a number that is out of range is a RangeError', () => {
  const check = (): unknown => requireOptions('a door', { key: 'k', closesAfter: -1 }, doorRules);
  expect(check).toThrow(RangeError);
  expect(check).toThrow('closesAfter of a door is a duration (milliseconds, or 250ms, 30s, 1.5m, 2h), not -1');
});

describe('options of a call', () => {
  it.each([[undefined], [{}], [{ version: 3, timeout: '5s', ifMissing: undefined }], [{ owner: {}, session: 1n }]])(
    'of others are let through: %p',
    (options) => {
      expect(callOptionsDefect(options)).toBeUndefined();
    },
  );

  it.each<[unknown, string]>([
    [3, 'options are an object'],
    [{ signal: new AbortController() }, 'signal is an AbortSignal, not an object (AbortController)'],
    [{ timeoutMs: 3 }, 'there is no option "timeoutMs": did you mean "timeout"?'],
    [{ ifexists: 'keep' }, 'did you mean "ifExists"?'],
    [{ vesrion: 3 }, 'there is no option "vesrion": did you mean "version"?'],
    [{ overflow: 'drop' }, 'overflow is "reset", "dropOldest" or "error", not "drop"'],
  ])('%p are refused', (options, message) => {
    expect(callOptionsDefect(options)?.message).toContain(message);
  });
});

it.each([
  ['sessiontimeout', 'sessionTimeout'],
  ['sessionTimeoutMs', 'sessionTimeout'],
  ['dialekt', 'dialect'],
  ['identify', 'identity'],
  ['vesrion', 'version'],
  ['veriosn', undefined],
  ['acls', undefined],
  ['session', undefined],
])('%s is probably %s', (name, meant) => {
  expect(nearestName(name, ['acl', 'sessionTimeout', 'dialect', 'identity', 'version'])).toBe(meant);
});
