/** Log lines of a simulation: kept in order for tests and reports, or dropped. */
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { Log, LogFields } from '../ports/log.ts';

export type SimLogLine = {
  readonly at: TrueNs;
  readonly process: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
};

/** Where lines go. */
export type SimLogSink = (line: SimLogLine) => void;

/** The log of one process. */
export function simLog(process: string, now: () => TrueNs, sink: SimLogSink | null): Log {
  const at =
    (level: SimLogLine['level']) =>
    (fields: LogFields, message: string): void => {
      sink?.({ at: now(), process, level, fields, message });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
