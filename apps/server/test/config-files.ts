import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../src/config/config-error.js';
import { loadConfig, type LoadedConfig } from '../src/config/load.js';
import type { Flag } from '../src/config/settings.js';

/** What stands beside the file. */
export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly flags?: readonly Flag[];
}

export const set = (name: string, value: string): Flag => ({ style: 'key', name, value, where: '--set' });
export const define = (name: string, value: string): Flag => ({ style: 'property', name, value, where: '-D' });

/** A temporary directory in which configurations are tried. */
export class ConfigFiles {
  readonly directory = mkdtempSync(join(tmpdir(), 'zk-config-'));

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  write(name: string, text: string | Uint8Array): void {
    writeFileSync(join(this.directory, name), text);
  }

  /** Loads that text as zoo.cfg; undefined: there is no file. */
  load(
    text: string | Uint8Array | undefined,
    { environment = {}, flags = [] }: Surroundings = {},
  ): Promise<LoadedConfig> {
    if (text !== undefined) this.write('zoo.cfg', text);
    const file = text === undefined ? undefined : 'zoo.cfg';
    return loadConfig({ file, environment, flags, workingDirectory: this.directory });
  }

  /** Without the name of the directory; none when it would start. */
  problemsOf(text: string | undefined, surroundings: Surroundings = {}): Promise<readonly string[]> {
    return this.load(text, surroundings).then(
      () => [],
      (error: unknown) => {
        if (!(error instanceof ConfigError)) throw error;
        return error.problems.map((problem) => problem.replaceAll(`${this.directory}/`, ''));
      },
    );
  }
}
