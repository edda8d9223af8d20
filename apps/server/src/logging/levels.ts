export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['pretty', 'json'] as const;
/** pretty: one readable line per event. json: one object per line, for collectors. */
export type LogFormat = (typeof LOG_FORMATS)[number];
