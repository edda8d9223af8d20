import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const MODULE = join(__dirname, '..', 'bin', 'young-generation.cjs');

/** Starts a thread, makes objects of which many survive for a while, and says how large the space for new ones is, in bytes. */
const PROGRAM = `
  const { writeSync } = require('node:fs');
  const { getHeapSpaceStatistics } = require('node:v8');
  const { Worker } = require('node:worker_threads');
  let kept = [];
  let left = 50;
  const turn = () => {
    for (let i = 0; i < 100_000; i++) {
      kept.push({ one: i });
      if (kept.length > 30_000) kept = [];
    }
    if (--left > 0) return setImmediate(turn);
    const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    writeSync(1, String(space_size));
    process.exit(0);
  };
  new Worker('setInterval(() => undefined, 1000)', { eval: true }).once('online', () => setImmediate(turn));
`;

describe('the young generation', () => {
  it.each([
    ['stays small', `require(${JSON.stringify(MODULE)});`, (bytes: number) => bytes <= 2 << 20],
    ['would grow otherwise', '', (bytes: number) => bytes >= 8 << 20],
  ])('%s, also when a thread has been started', (_what, before, holds) => {
    const bytes = Number(execFileSync(process.execPath, ['--eval', before + PROGRAM]));
    expect(`${bytes} ${holds(bytes)}`).toBe(`${bytes} true`);
  });
});
