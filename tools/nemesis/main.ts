/** `npm run nemesis`: an ensemble of real processes under fire and a checked workload. See README.md. */
import { type ServerKind, whyMissing } from '../lib/launch.js';
import { flag, number, optionalText, parseOptions, text } from '../lib/options.js';
import { freshSeed } from '../lib/random.js';
import { Checks, note, writeJson } from '../lib/report.js';
import { FAULTS } from './faults.js';
import { LIES } from './lies.js';
import { printReport } from './run-report.js';
import { type NetworkKind, torment, type TormentOptions } from './torment.js';

const options = parseOptions('nemesis', 'Torments an ensemble of real processes and checks what its clients see.', {
  servers: number(3, 'n', 'members, at least 3'),
  minutes: number(10, 'min', 'how long'),
  seed: number(-1, 'n', 'repeats the choices of an earlier run; -1 draws one'),
  impl: text('ours', 'impl', 'ours, apache or mixed'),
  clients: number(6, 'n', 'sessions that do everything but lock'),
  lockers: number(3, 'n', 'sessions that count under a lock'),
  think: number(60, 'ms', 'longest pause of a client between two operations'),
  tick: number(500, 'ms', 'tickTime of the ensemble'),
  network: text('auto', 'kind', 'namespaces, proxies, or auto: what this machine allows'),
  only: text('', 'text', 'only faults with this in their names'),
  'self-test': flag('damage the data of a whole ensemble on purpose: the checkers must notice'),
  json: optionalText('file', 'write the results there (- for stdout)'),
});

const KINDS: Readonly<Record<string, readonly ServerKind[]>> = {
  ours: ['zk'],
  apache: ['apache'],
  mixed: ['zk', 'apache'],
};
const NETWORKS: readonly string[] = ['auto', 'namespaces', 'proxies'] satisfies NetworkKind[];

process.exit(await main());

async function main(): Promise<number> {
  const kinds = KINDS[options.impl];
  if (kinds === undefined) return refuse('--impl is ours, apache or mixed');
  if (options.servers < 3) return refuse('--servers is at least 3');
  if (!NETWORKS.includes(options.network)) return refuse(`--network is one of ${NETWORKS.join(', ')}`);
  const faults = FAULTS.filter(({ name }) => name.includes(options.only));
  if (faults.length === 0) return refuse(`no fault has "${options.only}" in its name`);
  for (const kind of kinds) {
    const missing = whyMissing(kind);
    if (missing !== undefined) return refuse(missing);
  }
  const { servers, minutes, clients, lockers, impl } = options;
  const seed = options.seed < 0 ? freshSeed() : options.seed;
  const only = options.only === '' ? '' : ` --only '${options.only}'`;
  const settings: TormentOptions = {
    servers,
    kinds,
    seed,
    minutes,
    clients,
    lockers,
    thinkMs: options.think,
    tickMs: options.tick,
    network: options.network as NetworkKind,
    faults,
    command: `npm run nemesis -- --seed ${seed} --servers ${servers} --impl ${impl} --minutes ${minutes}${only}`,
  };
  return options['self-test'] ? selfTest(settings) : run(settings);
}

async function run(settings: TormentOptions): Promise<number> {
  const report = await torment(settings);
  printReport(report);
  writeJson(options.json, report);
  return report.problems.length === 0 ? 0 : 1;
}

/** One round for each lie, with an ensemble of its own. */
async function selfTest(settings: TormentOptions): Promise<number> {
  const checks = new Checks(`${settings.command} --self-test`);
  for (const lie of LIES) {
    const { problems } = await torment({ ...settings, faults: [lie], minutes: 0 });
    const found = [...new Set(problems.map(({ check }) => check))].join('; ');
    note(`${lie.name}: noticed by: ${found || 'nobody'}`);
    checks.check(`noticed: ${lie.name}`, found !== '', 'nothing was noticed');
  }
  process.stdout.write(`nemesis: ${checks.passed} passed, ${checks.failed} failed\n`);
  return checks.failed === 0 ? 0 : 1;
}

function refuse(message: string): number {
  process.stderr.write(`nemesis: ${message}\n`);
  return 2;
}
