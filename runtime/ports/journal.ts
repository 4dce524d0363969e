/** The coordinator's append-only journal. A line is durable (fsync) when `durable` is called, and not before. */
export interface Journal {
  /** Throws on a line with a line break, or beyond JOURNAL_LINE_MAX_BYTES. `durable` never comes when the disk fails. */
  append(line: string, durable: () => void): void;
  /** Every line that was durable when this process started. */
  readonly lines: readonly string[];
}
