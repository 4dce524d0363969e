/**
 * Log lines as JSON on standard error (pino). Each carries the times that the service gives: true time, and the host's
 * own where there is a host, because whose clock a line was written by is the question here. Never a token: fields of
 * such names are struck out, and the token itself is where it appears in a text.
 */
import { type DestinationStream, destination, pino } from 'pino';
import type { Log, LogFields } from '../ports/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export type LiveLogOptions = {
  /** Of the service, such as node-a. */
  readonly name: string;
  readonly level: LogLevel;
  /** The times now: { trueNs, wallNs, uptimeNs } or as many as are known. */
  readonly times: () => LogFields;
  /** What must never be seen. */
  readonly secrets: readonly string[];
  /** Standard error when absent. */
  readonly to?: DestinationStream;
};

const STRUCK = '[struck out]';
const SECRET_FIELD = /token|authorization|cookie|secret|password/i;

/** The log of one service. */
export function liveLog(options: LiveLogOptions): Log {
  const secrets = options.secrets.filter((secret) => secret !== '');
  const text = (value: string): string => secrets.reduce((seen, secret) => seen.replaceAll(secret, STRUCK), value);
  const logger = pino(
    {
      level: options.level,
      base: { service: options.name },
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.to ?? destination({ fd: 2, sync: true }),
  );
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: LogFields, message: string): void => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level](plain({ ...options.times(), ...fields }, text), text(message));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function plain(fields: LogFields, text: (value: string) => string): Record<string, string | number | boolean> {
  const out: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (SECRET_FIELD.test(name)) out[name] = STRUCK;
    else if (typeof value === 'bigint') out[name] = value.toString();
    else out[name] = typeof value === 'string' ? text(value) : value;
  }
  return out;
}
