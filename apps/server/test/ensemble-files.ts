import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../src/config/config-error.js';
import type { EnsembleSettings } from '../src/config/ensemble/ensemble-settings.js';
import { loadConfig, type LoadedConfig } from '../src/config/load.js';
import type { Flag } from '../src/config/settings.js';

export const LIMITS = 'initLimit=10\nsyncLimit=5';
export const THREE = 'server.1=a:2888:3888;2181\nserver.2=b:2888:3888;2181\nserver.3=c:2888:3888;2181';
/** Lines 1 to 6; what a test adds is line 7. */
export const BASE = `dataDir=data\n${LIMITS}\n${THREE}`;

/** A temporary directory with the `myid` of server 1, in which configurations are tried. */
export class EnsembleFiles {
  readonly directory = mkdtempSync(join(tmpdir(), 'zk-ensemble-config-'));

  constructor() {
    mkdirSync(join(this.directory, 'data'));
    this.write('data/myid', '1\n');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  load(file: string, flags: readonly Flag[] = []): Promise<LoadedConfig> {
    this.write('zoo.cfg', file);
    return loadConfig({ file: 'zoo.cfg', environment: {}, flags, workingDirectory: this.directory });
  }

  /** @throws Error when it would run standalone */
  async ensembleOf(file: string): Promise<EnsembleSettings> {
    const { ensemble } = (await this.load(file)).config;
    if (ensemble === undefined) throw new Error('it would run standalone');
    return ensemble;
  }

  /** Without the name of the directory; none when it would start. */
  problemsOf(file: string): Promise<readonly string[]> {
    return this.load(file).then(
      () => [],
      (error: unknown) => {
        if (!(error instanceof ConfigError)) throw error;
        return error.problems.map((problem) => problem.replaceAll(`${this.directory}/`, ''));
      },
    );
  }

  /** Without that of a relative `dataDir`. */
  async warningsOf(file: string): Promise<readonly string[]> {
    return (await this.load(file)).warnings.filter((warning) => !warning.includes('is relative to'));
  }
}
