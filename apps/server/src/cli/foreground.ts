import type { Logger } from '@zk/contracts';
import type { RunningServer } from '../running-server.js';
import { loadConfig, type LoadedConfig } from '../config/load.js';
import type { ServerConfig } from '../config/server-config.js';
import { PRODUCT_VERSION } from '../version.js';
import { announceConfig } from './announce.js';
import { banner, joinAddress } from './banner.js';
import { prepareDataDirectories } from './data-directories.js';
import { ExitCode } from './exit-codes.js';
import { exitCodeOf, explainFailure } from './failures.js';
import type { CliIo } from './io.js';
import { locateConfig, unreadShellFiles } from './locate-config.js';
import { flagsOf, loggingOf, type CliOptions } from './options.js';
import { answerSignals } from './signal-notes.js';
import { StopSignals } from './stop-signals.js';
import { tellSupervisor } from './supervisor.js';

/**
 * `start-foreground`: one process that is the server. A first SIGINT, SIGTERM or SIGHUP stops it in order (exit code
 * 0), a second one at once.
 * @throws ConfigError, UsageError
 */
export async function runForeground(io: CliIo, options: CliOptions, args: readonly string[]): Promise<number> {
  const logging = loggingOf(options, io.environment, io.out.isTerminal);
  const configFile = locateConfig(io, options, args);
  announceConfig(io, configFile);
  // Loading the logger takes as long as reading the configuration, so both happen at once.
  const [loaded, logger] = await Promise.all([
    loadServerConfig(io, options, args, configFile),
    import('../logging/create-logger.js').then(({ createLogger }) =>
      createLogger({ ...logging, hasColours: io.out.isTerminal, sink: io.out }),
    ),
  ]);
  const { version: node, pid } = process;
  logger.info({ version: PRODUCT_VERSION, node, pid, config: configFile ?? 'none' }, 'starting');
  for (const warning of loaded.warnings) logger.warn({}, warning);
  for (const note of loaded.notes) logger.info({}, note);
  for (const name of unreadShellFiles(io, configFile)) {
    logger.info({ file: name }, 'a shell file beside the configuration is not read; pass what it sets by environment');
  }
  if (!loaded.config.forceSync) {
    logger.warn({}, 'forceSync=no: writes are acknowledged before they are on disk; a crash of the machine loses them');
  }
  if (loaded.config.skipAcl) logger.warn({}, 'skipACL=yes: nobody checks ACLs');
  return serve(io, loaded.config, logger);
}

/** As {@link loadConfig}, from the command line. */
export function loadServerConfig(
  io: CliIo,
  options: CliOptions,
  args: readonly string[],
  configFile: string | undefined,
): Promise<LoadedConfig> {
  return loadConfig({
    file: configFile,
    flags: flagsOf(options, args),
    environment: io.environment,
    workingDirectory: io.workingDirectory,
  });
}

async function serve(io: CliIo, config: ServerConfig, logger: Logger): Promise<number> {
  const signals = new StopSignals(io.processes, logger);
  const unsubscribeNotes = answerSignals(io.processes, logger, () => signals.state);
  const unsubscribeCrashes = io.processes.onCrash((error) => {
    logger.fatal({ err: error }, 'unexpected error: the server stops');
    io.processes.exitNow(ExitCode.unexpectedError);
  });
  try {
    const server = await startServer(io, config, logger);
    signals.serving();
    announceServing(io, config, logger, server);
    const failure = await Promise.race([server.failed, signals.asked]);
    await stopServer(io, server, logger, failure);
    return failure === undefined ? ExitCode.ok : exitCodeOf(failure);
  } catch (error) {
    const failure = explainFailure(error, config);
    logger.fatal(failure.isExplained ? {} : { err: error }, failure.message);
    return failure.exitCode;
  } finally {
    signals.unsubscribe();
    unsubscribeNotes();
    unsubscribeCrashes();
  }
}

/** @param failure why it cannot go on; absent: it was asked to stop */
async function stopServer(io: CliIo, server: RunningServer, logger: Logger, failure?: Error): Promise<void> {
  void tellSupervisor(io.processes, logger, { state: 'stopping', status: failure?.message ?? 'stopping' });
  if (failure !== undefined) logger.fatal({ err: failure }, 'the server cannot go on');
  await server.stop();
  logger.info({}, 'stopped');
}

async function startServer(io: CliIo, config: ServerConfig, logger: Logger): Promise<RunningServer> {
  prepareDataDirectories(config);
  const server = await io.composeServer(config, logger);
  await server.start();
  return server;
}

function announceServing(io: CliIo, config: ServerConfig, logger: Logger, server: RunningServer): void {
  const { host, port } = server.clientAddress;
  const { dataDir, ensemble } = config;
  const member = ensemble && { id: ensemble.serverId, of: ensemble.config.servers.size };
  const further = server.addresses.slice(1).map((other) => [other.name, joinAddress(other.host, other.port)] as const);
  const address = joinAddress(host, port);
  const state =
    member === undefined ? 'serving clients' : 'listening; clients are served while the ensemble has a leader';
  logger.info(
    {
      address,
      ...Object.fromEntries(further),
      dataDir,
      ...(member && { server: String(member.id), servers: member.of }),
      readyAfterMs: Math.round(io.processes.uptimeMs()),
    },
    state,
  );
  if (io.out.isTerminal) {
    io.out.write(banner({ host, port, dataDir, workingDirectory: io.workingDirectory, member }));
  }
  io.processes.announceReady();
  void tellSupervisor(io.processes, logger, { state: 'ready', status: `${address}: ${state}` });
}
