import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectories } from './make-directories.js';

describe('makeDirectories', () => {
  const root = mkdtempSync(join(tmpdir(), 'zk-make-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('creates what is missing and says where it began', () => {
    expect(makeDirectories(join(root, 'a/b/c'))).toBe(join(root, 'a'));
    expect(existsSync(join(root, 'a/b/c'))).toBe(true);
    expect(makeDirectories(join(root, 'a/b'))).toBeUndefined();
  });

  // Elsewhere there is no /proc, and no right to create one.
  it('gives up where a parent takes no children', () => {
    expect(() => makeDirectories('/proc/x/version-2')).toThrow(/ENOENT|EACCES|EPERM/);
  });
});
