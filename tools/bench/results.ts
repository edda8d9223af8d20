/** Figures per metric, server and round; their medians and ratios; the table and the JSON. */
import Table from 'cli-table3';
import { human } from '../lib/report.js';
import { median } from '../lib/statistics.js';
import type { ServerKind } from '../lib/launch.js';

export interface Metric {
  readonly workload: string;
  readonly name: string;
  readonly unit: string;
  /** `none` marks a figure about the measurement itself. */
  readonly better: 'more' | 'less' | 'none';
}

interface Row extends Metric {
  readonly values: Partial<Record<ServerKind, number[]>>;
}

export interface Summary extends Metric {
  readonly medians: Partial<Record<ServerKind, number>>;
  readonly values: Partial<Record<ServerKind, readonly number[]>>;
  /** First server divided by the second. */
  readonly ratio?: number;
}

export class Results {
  private readonly rows = new Map<string, Row>();
  errors = 0;

  add(server: ServerKind, metric: Metric, value: number): void {
    const key = `${metric.workload}|${metric.name}`;
    const row: Row = this.rows.get(key) ?? { ...metric, values: {} };
    this.rows.set(key, row);
    (row.values[server] ??= []).push(value);
  }

  summaries(servers: readonly ServerKind[]): Summary[] {
    return [...this.rows.values()].map(({ values, ...metric }) => {
      const medians: Partial<Record<ServerKind, number>> = {};
      for (const server of servers) {
        const list = values[server];
        if (list !== undefined) medians[server] = median(list);
      }
      const [first, second] = servers.map((server) => medians[server]);
      const ratio = first !== undefined && second !== undefined && second !== 0 ? { ratio: first / second } : {};
      return { ...metric, medians, values, ...ratio };
    });
  }

  table(servers: readonly ServerKind[]): string {
    const both = servers.length > 1;
    const head = ['workload', 'figure', 'unit', ...servers, ...(both ? [`${servers.join(' / ')}`, 'better'] : [])];
    const table = new Table({
      head,
      style: { head: [], border: [] },
      chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
      colAligns: [
        'left',
        'left',
        'left',
        ...servers.map(() => 'right' as const),
        ...(both ? (['right', 'left'] as const) : []),
      ],
    });
    let shown = '';
    for (const row of this.summaries(servers)) {
      const cells = [row.workload === shown ? '' : row.workload, row.name, row.unit];
      shown = row.workload;
      for (const server of servers) cells.push(human(row.medians[server] ?? Number.NaN));
      if (both)
        cells.push(
          row.ratio === undefined ? '-' : `${row.ratio.toPrecision(3)} x`,
          row.better === 'none' ? '' : row.better,
        );
      table.push(cells);
    }
    return table.toString();
  }
}
