import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../src/cli/main.js';
import { FakeIo, type FakeIoOptions } from './fake-io.js';

/** What there is when the command runs; `file` is the text of conf/zoo.cfg. */
export type Given = Omit<FakeIoOptions, 'argv' | 'workingDirectory'> & { readonly file?: string };

export interface Cli {
  /** A file below the working directory of the test, which is removed behind it. */
  path(...names: string[]): string;
  /** Everything a command needs, ready to run. */
  prepare(argv: readonly string[], given?: Given): FakeIo;
  /** Runs a command to its end. */
  run(argv: readonly string[], given?: Given): Promise<{ io: FakeIo; code: number }>;
}

/** The command line, in a fresh directory for each test of the file. */
export function useCli(): Cli {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zk-cli-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const path = (...names: string[]): string => join(directory, ...names);
  const prepare = (argv: readonly string[], { file = 'dataDir=./data', ...rest }: Given = {}): FakeIo => {
    mkdirSync(path('conf'), { recursive: true });
    writeFileSync(path('conf', 'zoo.cfg'), file);
    return new FakeIo({ argv, workingDirectory: directory, ...rest });
  };
  const run = async (argv: readonly string[], given: Given = {}): Promise<{ io: FakeIo; code: number }> => {
    const io = prepare(argv, given);
    return { io, code: await main(io) };
  };
  return { path, prepare, run };
}
