import { type ZkServer, serverMetrics } from '@zk/server';
import { Registry, collectDefaultMetrics } from 'prom-client';
import { register } from './readings.js';

/**
 * The metrics of a server in the text format of Prometheus, read when they are asked for: nothing is counted twice, and
 * nothing is done in between.
 */
export class Scrape {
  private readonly ofProcess = new Registry();

  /** @param exportsProcess whether those of the process (`process_*`, `nodejs_*`) are there too */
  constructor(
    private readonly server: Pick<ZkServer, 'inspect'>,
    { exportsProcess }: { readonly exportsProcess: boolean },
  ) {
    if (exportsProcess) collectDefaultMetrics({ register: this.ofProcess });
  }

  get contentType(): string {
    return this.ofProcess.contentType;
  }

  /** @param names only these; empty: all */
  async text(names: ReadonlySet<string>): Promise<string> {
    const ofServer = new Registry();
    for (const metric of serverMetrics(this.server.inspect())) {
      if (isWanted(metric.name, names)) register(metric, ofServer);
    }
    if (names.size === 0) return Registry.merge([ofServer, this.ofProcess]).metrics();
    for (const { name } of this.ofProcess.getMetricsAsArray()) {
      const metric = this.ofProcess.getSingleMetric(name);
      if (metric !== undefined && isWanted(name, names)) ofServer.registerMetric(metric);
    }
    return ofServer.metrics();
  }
}

function isWanted(name: string, names: ReadonlySet<string>): boolean {
  return names.size === 0 || names.has(name);
}
