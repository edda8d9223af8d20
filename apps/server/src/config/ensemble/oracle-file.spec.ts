import { silentLogger } from '@zk/contracts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OracleFile } from './oracle-file.js';

describe('the oracle file', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zk-oracle-'));
    path = join(directory, 'oracle');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it.each([
    ['1\n', true],
    ['1', true],
    ['1 and more', true],
    ['0\n', false],
    ['', false],
    [' 1', false],
    ['true', false],
  ])('that holds %j says that the other one is lost: %s', async (text, expected) => {
    writeFileSync(path, text);
    expect(await new OracleFile(path, silentLogger).isOtherVoterLost()).toBe(expected);
  });

  it('is read anew for each question, and says no while it is not there', async () => {
    const oracle = new OracleFile(path, silentLogger);
    const answers = [await oracle.isOtherVoterLost()];
    writeFileSync(path, '1');
    answers.push(await oracle.isOtherVoterLost());
    rmSync(path);
    answers.push(await oracle.isOtherVoterLost());
    expect(answers).toEqual([false, true, false]);
  });

  it('says no when it is a directory', async () => {
    expect(await new OracleFile(directory, silentLogger).isOtherVoterLost()).toBe(false);
  });

  it('is read once for questions that come meanwhile', async () => {
    const oracle = new OracleFile(path, silentLogger);
    expect(oracle.isOtherVoterLost()).toBe(oracle.isOtherVoterLost());
    await oracle.isOtherVoterLost();
  });

  it('is noted in the log when its answer changes, and not for every question', async () => {
    const lines: string[] = [];
    const note = (_fields: object, message: string): void => void lines.push(message);
    const oracle = new OracleFile(path, { ...silentLogger, warn: note, error: note });
    for (let i = 0; i < 3; i++) await oracle.isOtherVoterLost();
    writeFileSync(path, '1');
    for (let i = 0; i < 3; i++) await oracle.isOtherVoterLost();
    expect(lines).toEqual(['the oracle cannot be read: that is a no', 'the oracle was asked', 'the oracle was asked']);
  });
});
