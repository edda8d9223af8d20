import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_LINES, appendHistory, historyPath, readHistory } from './history-file.js';

let directory: string;

beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'zk-history-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the history file', () => {
  it.each([
    [{}, '/home/me', '/home/me/.zk_cli_history'],
    [{ ZK_CLI_HISTORY: '/x/y' }, '/home/me', '/x/y'],
    [{ ZK_CLI_HISTORY: '' }, '/home/me', undefined],
    [{}, '', undefined],
  ])('with %j in the environment and %j as home is %j', (environment, home, path) => {
    expect(historyPath(environment, home)).toBe(path);
  });

  it('keeps lines, but none with credentials, for its owner only', () => {
    const file = join(directory, 'deep', 'history');
    expect(appendHistory(file, ['ls /', 'addauth digest me:secret', '  ', ' addauth x'])).toBeUndefined();
    expect(appendHistory(file, ['get /a'])).toBeUndefined();
    expect(readHistory(file)).toEqual(['ls /', 'get /a']);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('keeps the newest', () => {
    const file = join(directory, 'history');
    writeFileSync(file, Array.from({ length: MAX_LINES + 5 }, (_, index) => `line ${index}\n`).join(''));
    appendHistory(file, ['newest']);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([MAX_LINES, 'line 6', 'newest']);
  });

  it('is no reason to fail', () => {
    expect(readHistory(join(directory, 'none'))).toEqual([]);
    const file = join(directory, 'no-directory');
    writeFileSync(file, '');
    expect(appendHistory(join(file, 'history'), ['ls /'])).toMatchObject({ code: expect.any(String) as string });
  });
});
