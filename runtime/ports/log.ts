/** Structured log lines for people. Never a token, never page contents. bigint values are written as strings. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
