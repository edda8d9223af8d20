import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EnsembleSettings } from '../src/config/ensemble/ensemble-settings.js';
import { ConfigFiles } from './config-files.js';

export const LIMITS = 'initLimit=10\nsyncLimit=5';
export const THREE = 'server.1=a:2888:3888;2181\nserver.2=b:2888:3888;2181\nserver.3=c:2888:3888;2181';
/** Lines 1 to 6; what a test adds is line 7. */
export const BASE = `dataDir=data\n${LIMITS}\n${THREE}`;

/** A temporary directory with the `myid` of server 1, in which configurations are tried. */
export class EnsembleFiles extends ConfigFiles {
  constructor() {
    super();
    mkdirSync(join(this.directory, 'data'));
    this.write('data/myid', '1\n');
  }

  /** @throws Error when it would run standalone */
  async ensembleOf(file: string): Promise<EnsembleSettings> {
    const { ensemble } = (await this.load(file)).config;
    if (ensemble === undefined) throw new Error('it would run standalone');
    return ensemble;
  }

  /** Without that of a relative `dataDir`. */
  async warningsOf(file: string): Promise<readonly string[]> {
    return (await this.load(file)).warnings.filter((warning) => !warning.includes('is relative to'));
  }
}
