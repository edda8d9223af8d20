import { delimiter, sep } from 'node:path';
import { EOL } from 'node:os';
import { type Inspection, environmentFacts, settingFacts } from '@zk/server';
import { type Call, type Command, type Fields, query } from './command.js';

/** What `environment` says beyond properties. */
const ENVIRONMENT_ONLY = /^(zookeeper|host|os\.memory)\.|^java\.compiler$/;
const INT64 = /^[+-]?\d{1,19}$/;

function configuration(inspection: Inspection): Fields {
  const { options } = inspection;
  const settings = settingFacts(inspection);
  return {
    client_port: settings.clientPort,
    data_dir: settings.dataDir,
    data_log_dir: settings.dataLogDir,
    tick_time: options.tickTimeMs,
    max_client_cnxns: options.maxClientConnections,
    min_session_timeout: options.minSessionTimeoutMs,
    max_session_timeout: options.maxSessionTimeoutMs,
    server_id: settings.serverId,
    client_port_listen_backlog: settings.listenBacklog,
  };
}

/** The mask is kept and has no effect: there is no such tracing here. */
function setTraceMask({ server }: Inspection, { query: given }: Call): Fields {
  const text = given.get('traceMask');
  if (text === null) return { error: 'setTraceMask requires long traceMask argument' };
  const mask = INT64.test(text) ? BigInt(text.replace('+', '')) : undefined;
  if (mask === undefined || BigInt.asIntN(64, mask) !== mask) {
    return { error: `setTraceMask requires long traceMask argument, got ${text}` };
  }
  server.traceMask = mask;
  return { tracemask: mask };
}

/** What Java calls the properties of its machine, as far as they mean something here; sorted. */
function systemProperties(): Fields {
  const environment = Object.entries(environmentFacts()).filter(([name]) => !ENVIRONMENT_ONLY.test(name));
  const more = [
    ['file.separator', sep],
    ['line.separator', EOL],
    ['path.separator', delimiter],
    ['user.timezone', Intl.DateTimeFormat().resolvedOptions().timeZone],
  ];
  return Object.fromEntries([...environment, ...more].sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
}

/** @param initialConfiguration text of the configuration file; null when there is none */
export function processCommands(initialConfiguration: string | null): readonly Command[] {
  return [
    query(['configuration', 'conf', 'config'], configuration),
    query(['dirs'], async ({ storage }) => {
      const { snapshotBytes, logBytes } = await storage.usage();
      return { datadir_size: snapshotBytes, logdir_size: logBytes };
    }),
    { ...query(['environment', 'env', 'envi'], environmentFacts), isAlwaysAnswered: true },
    {
      ...query(['get_trace_mask', 'gtmk'], ({ server }) => ({ tracemask: server.traceMask })),
      isAlwaysAnswered: true,
    },
    { ...query(['set_trace_mask', 'stmk'], setTraceMask), isAlwaysAnswered: true },
    query(['initial_configuration', 'icfg'], () => ({ initial_configuration: initialConfiguration })),
    query(['is_read_only', 'isro'], ({ view }) => ({ read_only: view?.mode === 'read-only' })),
    query(['ruok'], () => ({})),
    { ...query(['system_properties', 'sysp'], systemProperties), isAlwaysAnswered: true },
  ];
}
