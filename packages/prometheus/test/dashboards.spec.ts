import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestEnsemble, createTestEnsemble } from '@zk/testing';
import { Scrape } from '../src/index.js';
import { parseExposition } from './exposition.js';

const FOLDER = join(__dirname, '../../../docs/metrics');

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

/** Names in an expression that are neither functions, nor labels, nor words of the language. */
function namesIn(expression: string): string[] {
  const bare = expression
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(on|by)\s*\([^)]*\)/g, '');
  return (bare.match(/\b[a-z_][a-z0-9_]*\b(?!\s*\()/g) ?? []).filter(
    (name) => !/^(unless|and|or|up|count)$/.test(name),
  );
}

const dashboard = JSON.parse(readFileSync(join(FOLDER, 'grafana.json'), 'utf8')) as Dashboard;
const alerts = readFileSync(join(FOLDER, 'alerts.yml'), 'utf8');
const ofAlerts = [...alerts.matchAll(/alert: (\S+)\n\s+expr: (.*)/g)].map(
  ([, title, expr]) => [title!, expr!] as const,
);
const ofPanels = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const));

describe('the dashboard and the alert rules', () => {
  let ensemble: TestEnsemble;
  let known: ReadonlySet<string>;

  beforeAll(async () => {
    ensemble = await createTestEnsemble();
    await ensemble.connect();
    const scrape = new Scrape(ensemble.server(ensemble.leader!), { exportsProcess: true });
    const { values } = parseExposition(await scrape.text(new Set()));
    known = new Set([...values.keys()].map((name) => name.replace(/\{.*/, '')));
  });
  afterAll(() => ensemble.close());

  it('are there', () => {
    expect(ofAlerts.length).toBe(alerts.match(/- alert:/g)?.length);
    expect(ofPanels.length).toBeGreaterThanOrEqual(20);
    expect(new Set([...ofAlerts, ...ofPanels].flatMap(([, expression]) => namesIn(expression))).size).toBeGreaterThan(
      30,
    );
  });

  it.each([...ofAlerts, ...ofPanels])('ask for metrics that a leader has: %s, %s', (_title, expression) => {
    const names = namesIn(expression);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });
});
