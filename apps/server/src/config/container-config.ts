import { ConfigError } from './config-error.js';
import { escapePropertyValue } from './properties.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a container keeps what: the directories of the official image of Apache ZooKeeper, unless told otherwise. */
export interface ContainerDirectories {
  readonly conf: string;
  readonly data: string;
  readonly dataLog: string;
}

export function containerDirectories(environment: Environment): ContainerDirectories {
  return {
    conf: given(environment, 'ZOO_CONF_DIR') ?? '/conf',
    data: given(environment, 'ZOO_DATA_DIR') ?? '/data',
    dataLog: given(environment, 'ZOO_DATA_LOG_DIR') ?? '/datalog',
  };
}

/** The variables of that image which are one key each. What is not set is left to this server's defaults. */
const KEYS: readonly (readonly [variable: string, key: string])[] = [
  ['ZOO_TICK_TIME', 'tickTime'],
  ['ZOO_INIT_LIMIT', 'initLimit'],
  ['ZOO_SYNC_LIMIT', 'syncLimit'],
  ['ZOO_MAX_CLIENT_CNXNS', 'maxClientCnxns'],
  ['ZOO_AUTOPURGE_PURGEINTERVAL', 'autopurge.purgeInterval'],
  ['ZOO_AUTOPURGE_SNAPRETAINCOUNT', 'autopurge.snapRetainCount'],
  ['ZOO_STANDALONE_ENABLED', 'standaloneEnabled'],
  ['ZOO_ADMINSERVER_ENABLED', 'admin.enableServer'],
  ['ZOO_4LW_COMMANDS_WHITELIST', '4lw.commands.whitelist'],
];

/** What members of an ensemble cannot do without, as in that image. */
const MEMBER_DEFAULTS: Environment = { ZOO_INIT_LIMIT: '5', ZOO_SYNC_LIMIT: '2' };

const CLIENT_PORT = 2181;

/**
 * The `zoo.cfg` that the variables ask for, and the number of this server; undefined where it needs none.
 * @throws ConfigError naming the variable
 */
export function containerConfig(environment: Environment): { readonly text: string; readonly serverId?: string } {
  const { data, dataLog } = containerDirectories(environment);
  const servers = words(environment, 'ZOO_SERVERS');
  const extra = words(environment, 'ZOO_CFG_EXTRA');
  const problems = [...problemsOf(servers, 'ZOO_SERVERS', SERVER), ...problemsOf(extra, 'ZOO_CFG_EXTRA', PAIR)];
  const ids = servers.map((server) => SERVER.exec(server)?.[1]);
  const serverId = given(environment, 'ZOO_MY_ID') ?? (ids.length === 1 ? ids[0] : undefined);
  if (serverId === undefined && ids.length > 1) {
    problems.push(`ZOO_MY_ID is not set, and ZOO_SERVERS names ${ids.length} servers: which of them is this one?`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const lines = [property('dataDir', data), property('dataLogDir', dataLog)];
  for (const [variable, key] of KEYS) {
    const value = given(environment, variable) ?? (servers.length > 0 ? MEMBER_DEFAULTS[variable] : undefined);
    if (value !== undefined) lines.push(property(key, value));
  }
  // Where members say their client ports themselves, one beside them would contradict.
  if (!servers.some((server) => server.includes(';'))) lines.push(property('clientPort', String(CLIENT_PORT)));
  return { text: `${[...lines, ...servers, ...extra].join('\n')}\n`, ...(serverId !== undefined && { serverId }) };
}

/** Whether any variable is set that only a `zoo.cfg` yet to be written would follow. */
export function asksForConfig(environment: Environment): boolean {
  const variables = [...KEYS.map(([variable]) => variable), 'ZOO_SERVERS', 'ZOO_CFG_EXTRA'];
  return variables.some((variable) => given(environment, variable) !== undefined);
}

const SERVER = /^server\.(\d+)=./;
const PAIR = /^[^=]+=/;

function problemsOf(found: readonly string[], variable: string, form: RegExp): string[] {
  const wanted = form === SERVER ? 'server.1=host:2888:3888;2181' : 'key=value';
  return found
    .filter((word) => !form.test(word))
    .map((word) => `${variable}: expected words such as ${wanted}, got "${word}"`);
}

function words(environment: Environment, variable: string): string[] {
  return (given(environment, variable) ?? '').split(/\s+/).filter((word) => word !== '');
}

function given(environment: Environment, variable: string): string | undefined {
  const text = environment[variable]?.trim();
  return text === '' ? undefined : text;
}

function property(key: string, value: string): string {
  return `${key}=${escapePropertyValue(value)}`;
}
