import { prettyFactory } from 'pino-pretty';

const OWN_KEYS: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'err', 'error']);

/** Turns a log record into one line for people: `12:00:01.234 INFO  message key=value`; a stack follows below. */
export function createPrettifier(hasColours: boolean): (record: object) => string {
  return prettyFactory({
    colorize: hasColours,
    colorizeObjects: false,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
    hideObject: true,
    customColors: 'message:reset',
    messageFormat: (record, _key, _label, { colors }) =>
      messageOf(record as Record<string, unknown>, (text) => colors.dim(text)),
  });
}

function messageOf(record: Record<string, unknown>, dim: (text: string) => string): string {
  let text = typeof record['msg'] === 'string' ? record['msg'] : '';
  let stack = '';
  for (const [key, value] of Object.entries(record)) {
    if (!OWN_KEYS.has(key)) text += ` ${dim(`${key}=${fieldText(value)}`)}`;
    else if (key === 'err' || key === 'error') stack += errorText(value);
  }
  return text + stack;
}

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' || /[\s"=]/.test(text) ? JSON.stringify(value) : text;
}

function errorText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return ` error=${fieldText(value)}`;
  const { stack, message } = value as { stack?: unknown; message?: unknown };
  return `\n    ${String(stack ?? message ?? JSON.stringify(value)).replace(/\n/g, '\n    ')}`;
}
