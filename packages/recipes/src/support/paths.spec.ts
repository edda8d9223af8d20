import { childPath, nodeName, parentPath, requirePath } from './paths.js';

it.each([
  ['/', 'a', '/a'],
  ['/a', 'b', '/a/b'],
])('puts together %s and %s, and takes the result apart', (parent, name, path) => {
  expect(childPath(parent, name)).toBe(path);
  expect(parentPath(path)).toBe(parent);
  expect(nodeName(path)).toBe(name);
});

it('tells a program of its mistake in a path', () => {
  expect(requirePath('/locks/job')).toBe('/locks/job');
  expect(() => requirePath('locks')).toThrow(RangeError);
  expect(() => requirePath(undefined as never)).toThrow('a path is a string, not undefined');
});
