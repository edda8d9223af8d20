export { main } from './cli/main.js';
export type { CliIo, CliOutput, NoteSignal, ProcessHost, SpawnedServer, StopSignal } from './cli/io.js';
export { ConfigError } from './config/config-error.js';
export { loadConfig } from './config/load.js';
export type { ConfigRequest, LoadedConfig } from './config/load.js';
export type {
  ConnectionThrottleConfig,
  ContainerConfig,
  DigestAuthConfig,
  ServerConfig,
} from './config/server-config.js';
export type { Flag, Setting } from './config/settings.js';
export { createLogger } from './logging/create-logger.js';
export type { LoggerOptions, LogSink } from './logging/create-logger.js';
export type { LogFormat, LogLevel } from './logging/levels.js';
export type { ComposeServer, RunningServer } from './running-server.js';
