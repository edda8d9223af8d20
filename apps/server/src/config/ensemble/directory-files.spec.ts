import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryFiles } from './directory-files.js';

describe('the files of a directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zk-files-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('are read, replaced as a whole, and removed', async () => {
    const files = new DirectoryFiles(directory);
    expect(await files.read('a b.cfg')).toBeUndefined();
    await files.write('a b.cfg', 'long text');
    await files.write('a b.cfg', 'text');
    expect([await files.read('a b.cfg'), readdirSync(directory)]).toEqual(['text', ['a b.cfg']]);
    await files.remove('a b.cfg');
    await files.remove('a b.cfg');
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([0o600, 0o640, 0o664])('keep their permissions %o when they are replaced', async (mode) => {
    const path = join(directory, 'zoo.cfg');
    writeFileSync(path, 'old');
    chmodSync(path, mode);
    await new DirectoryFiles(directory).write('zoo.cfg', 'new');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['new', mode]);
  });

  it('say when they cannot be written', async () => {
    const files = new DirectoryFiles(join(directory, 'absent'));
    await expect(files.write('zoo.cfg', 'text')).rejects.toThrow('ENOENT');
  });
});
